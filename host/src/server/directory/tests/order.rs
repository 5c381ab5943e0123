//! Whatever happens in whatever order: each device gets each of its downlinks once,
//! in order.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const DEVICES: [&str; 2] = ["A", "B"];

#[derive(Clone, Copy, Debug)]
enum Event {
    Deliver(usize),
    /// The device sends over the connection of this place, which is opened if it is
    /// not.
    Seen(usize, usize),
    /// The connection's writer takes the next one.
    Take(usize),
    /// It has written what it took.
    Write(usize),
    /// The connection breaks; the directory hears of it at once …
    Leave(usize),
    /// … and of what was not written later.
    TakeBack,
    /// The process ends and another one starts.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let (device, place) = (0..DEVICES.len(), 0..3_usize);
    prop_oneof![
        6 => device.clone().prop_map(Event::Deliver),
        4 => (device, place.clone()).prop_map(|(device, place)| Event::Seen(device, place)),
        4 => place.clone().prop_map(Event::Take),
        4 => place.clone().prop_map(Event::Write),
        2 => place.prop_map(Event::Leave),
        2 => Just(Event::TakeBack),
        1 => Just(Event::Restart),
    ]
}

struct Connection {
    route: Route,
    in_hand: Option<Handed>,
}

struct World {
    directory: Directory,
    folder: TempDir,
    connections: [Option<Connection>; 3],
    broken: Vec<Connection>,
    next_connection: u64,
    sent: HashMap<&'static str, u64>,
    received: HashMap<String, Vec<u64>>,
}

fn roomy(folder: &Path) -> Directory {
    Directory::open(KeptDownlinks::open(folder).unwrap(), 1000, MINUTE).unwrap()
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            directory: roomy(folder.path()),
            folder,
            connections: [const { None }; 3],
            broken: Vec::new(),
            next_connection: 1,
            sent: HashMap::new(),
            received: HashMap::new(),
        }
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver(device) => {
                let device = DEVICES[device];
                let sent = self.sent.entry(device).or_default();
                *sent += 1;
                let downlink = downlink(device, &sent.to_string());
                self.directory.deliver(downlink);
            }
            Event::Seen(device, place) => {
                let number = self.next_connection;
                self.next_connection += 1;
                let connection = self.connections[place].get_or_insert_with(|| {
                    let (route, _) = route(number, 2);
                    Connection {
                        route,
                        in_hand: None,
                    }
                });
                self.directory.seen(DEVICES[device], &connection.route);
            }
            Event::Take(place) => {
                if let Some(connection) = &mut self.connections[place]
                    && connection.in_hand.is_none()
                {
                    connection.in_hand = connection.route.outbox.take_downlink();
                }
            }
            Event::Write(place) => self.write(place),
            Event::Leave(place) => {
                if let Some(connection) = self.connections[place].take() {
                    let number = connection.route.connection;
                    let devices = DEVICES.map(str::to_owned);
                    self.directory.leave(number, devices.iter());
                    self.broken.push(connection);
                }
            }
            Event::TakeBack => {
                for Connection { route, in_hand } in self.broken.drain(..) {
                    let left = in_hand.into_iter().chain(taken(&route.outbox));
                    self.directory.take_back(route.connection, left);
                }
            }
            Event::Restart => {
                let left = killed(&self.directory, &self.folder).await;
                self.connections = [const { None }; 3];
                self.broken.clear();
                self.directory = roomy(left.path());
                self.folder = left;
            }
        }
    }

    fn write(&mut self, place: usize) {
        if let Some(connection) = &mut self.connections[place]
            && let Some(handed) = connection.in_hand.take()
        {
            let Downlink { device, msg, .. } = &handed.downlink;
            let received = self.received.entry(device.clone()).or_default();
            received.push(msg.parse().unwrap());
            self.directory.finish(handed, DownlinkOutcome::Sent);
        }
    }

    /// All devices are connected and write all they get.
    async fn settle(&mut self) {
        for place in 0..3 {
            self.happen(Event::Leave(place)).await;
        }
        self.happen(Event::TakeBack).await;
        for device in 0..DEVICES.len() {
            self.happen(Event::Seen(device, device)).await;
        }
        // In turns, so that nothing depends on another uplink.
        for _ in 0..200 {
            for place in 0..DEVICES.len() {
                self.happen(Event::Take(place)).await;
                self.write(place);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn each_device_gets_each_downlink_once_and_in_order(
        events in prop::collection::vec(event(), 1..80)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for event in events {
                world.happen(event).await;
            }
            world.settle().await;
            for device in DEVICES {
                let sent = world.sent.get(device).copied().unwrap_or_default();
                let received = world.received.remove(device).unwrap_or_default();
                prop_assert_eq!(received, (1..=sent).collect::<Vec<_>>(), "{}", device);
            }
            prop_assert_eq!(world.directory.waiting(), 0);
            let left = killed(&world.directory, &world.folder).await;
            prop_assert_eq!(roomy(left.path()).waiting(), 0);
            Ok(())
        })?;
    }
}
