//! Random numbers that are the same for the same seed, in every version.

/// SplitMix64. It is written out here because a generator of a library may
/// change with the library, and a seed would no longer repeat a run.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers of one copy of a device.
    pub(super) fn new(seed: u64, device: u64, copy: u64) -> Self {
        let mut random = Self(seed);
        for part in [device, copy] {
            random.0 = random.next() ^ part;
        }
        random
    }

    /// A number from `least` to `most`, which must not be less.
    pub(super) fn between(&mut self, least: i128, most: i128) -> i128 {
        let span = most.wrapping_sub(least).cast_unsigned();
        let drawn = (u128::from(self.next()) << 64) | u128::from(self.next());
        let offset = match span.checked_add(1) {
            Some(count) => drawn % count,
            None => drawn,
        };
        least.wrapping_add(offset.cast_signed())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first numbers of the reference implementation for this seed.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let mut random = Random::new(1, 0, 1);
        let drawn: Vec<_> = (0..200).map(|_| random.between(-2, 3)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&3));
        assert_eq!(random.between(7, 7), 7);
        random.between(i128::MIN, i128::MAX);
    }

    #[test]
    fn seed_device_and_copy_make_the_numbers() {
        let first = |seed, device, copy| Random::new(seed, device, copy).between(0, i128::MAX);
        assert_eq!(first(1, 0, 1), first(1, 0, 1));
        for other in [first(2, 0, 1), first(1, 1, 1), first(1, 0, 2)] {
            assert_ne!(first(1, 0, 1), other);
        }
    }
}
