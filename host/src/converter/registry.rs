//! Which version of each converter serves, and who uses which.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::watch;
use tracing::warn;

use super::component::{Converter, Direction};

/// The last good version of every converter, and the integrations' selections
/// among them.
#[derive(Debug, Default)]
pub struct Registry {
    inner: Mutex<Inner>,
    /// Counts what was published.
    published: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    converters: BTreeMap<String, Arc<Converter>>,
    selections: Vec<Weak<Selection>>,
}

impl Registry {
    /// Makes `converter` the serving version of its name. Calls that run on
    /// the version before end there; it goes when the last of them is done.
    pub fn publish(&self, converter: Arc<Converter>) {
        let mut inner = self.lock();
        inner
            .converters
            .insert(converter.name().to_owned(), converter);
        inner
            .selections
            .retain(|selection| selection.strong_count() > 0);
        let Inner {
            converters,
            selections,
        } = &*inner;
        for selection in selections.iter().filter_map(Weak::upgrade) {
            selection.update(converters);
        }
        drop(inner);
        self.published.send_modify(|count| *count += 1);
    }

    /// The version that serves under `name`.
    #[must_use]
    pub fn serving(&self, name: &str) -> Option<Arc<Converter>> {
        self.lock().converters.get(name).cloned()
    }

    /// All versions that serve, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Converter>> {
        self.lock().converters.values().cloned().collect()
    }

    /// Changes whenever a version was published.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Follows the converter `name`, or without a name the folder's only one
    /// of that direction.
    pub fn select(&self, direction: Direction, name: Option<&str>) -> Arc<Selection> {
        self.follow(Wish {
            direction,
            name: name.map(str::to_owned),
            uplink: None,
        })
    }

    /// Follows the downlink converter `name`. Without a name it is the uplink converter
    /// itself, `uplink` or the folder's only one, if it encodes, too; else the
    /// folder's only converter that does nothing but encode. One that decodes the frames of
    /// other devices speaks another protocol.
    pub fn select_downlink(&self, name: Option<&str>, uplink: Option<&str>) -> Arc<Selection> {
        self.follow(Wish {
            direction: Direction::Downlink,
            name: name.map(str::to_owned),
            uplink: Some(uplink.map(str::to_owned)),
        })
    }

    fn follow(&self, wish: Wish) -> Arc<Selection> {
        let mut inner = self.lock();
        let selection = Arc::new(Selection {
            wish,
            current: watch::Sender::new(None),
        });
        selection.update(&inner.converters);
        inner.selections.push(Arc::downgrade(&selection));
        selection
    }

    /// Why `selection` has no converter.
    #[must_use]
    pub fn problem(&self, selection: &Selection) -> Option<SelectionError> {
        choose(
            &self.lock().converters,
            &selection.wish,
            selection.current().as_deref(),
        )
        .err()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an integration wants.
#[derive(Debug)]
struct Wish {
    direction: Direction,
    name: Option<String>,
    /// For the downlink converter of an integration: what it wants as its uplink
    /// converter.
    uplink: Option<Option<String>>,
}

/// The converter that an integration uses in one direction; follows reloads.
#[derive(Debug)]
pub struct Selection {
    wish: Wish,
    current: watch::Sender<Option<Arc<Converter>>>,
}

impl Selection {
    /// The version that serves now; none if there is no good one yet.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Converter>> {
        self.current.borrow().clone()
    }

    /// Waits until there is one.
    pub async fn ready(&self) -> Arc<Converter> {
        let mut changes = self.current.subscribe();
        loop {
            if let Some(converter) = changes.borrow_and_update().clone() {
                return converter;
            }
            // The sender is `self`, so this only returns for a change.
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn update(&self, converters: &BTreeMap<String, Arc<Converter>>) {
        let current = self.current();
        match choose(converters, &self.wish, current.as_deref()) {
            Ok(converter) => {
                self.current.send_if_modified(|serving| {
                    let changed = !serving
                        .as_ref()
                        .is_some_and(|old| Arc::ptr_eq(old, &converter));
                    *serving = Some(converter);
                    changed
                });
            }
            // What serves goes on; without any there is nothing to say yet.
            Err(problem) if current.is_some() => warn!(%problem, "converter stays as it is"),
            Err(_) => {}
        }
    }
}

/// Why no converter can be chosen. The operator's to mend.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// None of that name, or none of that direction at all.
    #[error("there is no {direction} converter{} yet", name.as_ref().map(|name| format!(" {name}.wasm")).unwrap_or_default())]
    None {
        /// The direction asked for.
        direction: Direction,
        /// The name asked for.
        name: Option<String>,
    },
    /// The named one does not export the direction.
    #[error("{name}.wasm is no {direction} converter; name another one in {direction}Converter")]
    WrongDirection {
        /// The direction asked for.
        direction: Direction,
        /// The name asked for.
        name: String,
    },
    /// Several, and none is named.
    #[error(
        "the folder holds several {direction} converters ({}): name one in {direction}Converter",
        names.join(", ")
    )]
    Several {
        /// The direction asked for.
        direction: Direction,
        /// Their names.
        names: Vec<String>,
    },
}

fn choose(
    converters: &BTreeMap<String, Arc<Converter>>,
    wish: &Wish,
    current: Option<&Converter>,
) -> Result<Arc<Converter>, SelectionError> {
    let direction = wish.direction;
    if let Some(name) = &wish.name {
        let converter = converters.get(name).ok_or_else(|| SelectionError::None {
            direction,
            name: Some(name.clone()),
        })?;
        if !converter.exports(direction) {
            return Err(SelectionError::WrongDirection {
                direction,
                name: name.clone(),
            });
        }
        return Ok(converter.clone());
    }
    if let Some(uplink) = &wish.uplink {
        let uplink = Wish {
            direction: Direction::Uplink,
            name: uplink.clone(),
            uplink: None,
        };
        if let Ok(both) = choose(converters, &uplink, None)
            && both.exports(direction)
        {
            return Ok(both);
        }
    }
    let foreign =
        |converter: &Converter| wish.uplink.is_some() && converter.exports(Direction::Uplink);
    let candidates: Vec<_> = converters
        .values()
        .filter(|converter| converter.exports(direction) && !foreign(converter))
        .collect();
    // A second converter that turns up later does not displace the first.
    let same = |converter: &&&Arc<Converter>| {
        current.is_some_and(|current| current.name() == converter.name())
    };
    match candidates.as_slice() {
        [] => Err(SelectionError::None {
            direction,
            name: None,
        }),
        [only] => Ok(Arc::clone(only)),
        several => several
            .iter()
            .find(same)
            .map(|same| Arc::clone(same))
            .ok_or_else(|| SelectionError::Several {
                direction,
                names: several.iter().map(|one| one.name().to_owned()).collect(),
            }),
    }
}
