//! Two integrations, and what is told of them.

use std::time::Duration;

use tokio::{task::yield_now, time::sleep};

use super::*;
use crate::{config::SpoolSettings, message::Value};

const HOUR: Duration = Duration::from_secs(3600);

/// Integrations `a` and `b`, whose statistics go to `to`.
struct Setup {
    statistics: Option<Statistics>,
    counters: [Arc<Counters>; 2],
    reports: Reports,
    spool: Spool,
    _folder: tempfile::TempDir,
}

impl Setup {
    fn new(to: StatisticsTarget) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(folder.path(), &SpoolSettings::default()).unwrap();
        let reports = Reports::default();
        let counters: [Arc<Counters>; 2] = Default::default();
        let watched = ["a", "b"].into_iter().zip(&counters);
        let watched = watched.map(|(name, counters)| Watched {
            name: name.into(),
            counters: counters.clone(),
            allow_create: Box::new(move || name == "a"),
        });
        let settings = StatisticsSettings {
            to,
            ..StatisticsSettings::default()
        };
        let destination = Destination {
            spool: spool.clone(),
            reports: reports.clone(),
        };
        Self {
            statistics: Statistics::start(&settings, watched.collect(), destination),
            counters,
            reports,
            spool,
            _folder: folder,
        }
    }

    /// What was told to the edge: a line for each report.
    fn told(&self) -> Vec<String> {
        let reports = self.reports.waiting();
        reports
            .into_iter()
            .map(|(_, values)| {
                let pairs = values.iter().map(|pair| match &pair.value {
                    Value::Long(count) => format!("{}={count}", pair.key),
                    Value::Json(json) => format!("{}={json}", pair.key),
                    other => panic!("{other:?}"),
                });
                pairs.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn counts_are_told_each_interval_and_events_at_once() {
    let mut setup = Setup::new(StatisticsTarget::Edge);
    let statistics = setup.statistics.take().unwrap();
    statistics.tell(vec!["a".into(), "b".into()], Lifecycle::Started);
    yield_now().await;
    setup.counters[0].processed(5);
    setup.counters[1].failed(2);
    sleep(HOUR - Duration::from_millis(1)).await;
    let started = r#"a.lifecycle={"event":"STARTED","success":true} b.lifecycle={"event":"STARTED","success":true}"#;
    assert_eq!(setup.told(), [started]);
    sleep(Duration::from_millis(2)).await;
    statistics.tell(vec!["b".into()], Lifecycle::Failed("no".to_owned()));
    setup.counters[1].processed(1);
    sleep(HOUR).await;
    setup.counters[0].processed(9);
    statistics.tell(vec!["b".into()], Lifecycle::Updated);
    statistics.stop().await;
    let expected = [
        started,
        "a.messagesProcessed=5 a.errorsOccurred=0 b.messagesProcessed=0 b.errorsOccurred=2",
        r#"b.lifecycle={"event":"FAILED","success":false,"error":"no"}"#,
        "a.messagesProcessed=0 a.errorsOccurred=0 b.messagesProcessed=1 b.errorsOccurred=0",
        r#"b.lifecycle={"event":"UPDATED","success":true}"#,
        r#"a.messagesProcessed=9 a.errorsOccurred=0 a.lifecycle={"event":"STOPPED","success":true} b.messagesProcessed=0 b.errorsOccurred=0 b.lifecycle={"event":"STOPPED","success":true}"#,
    ];
    assert_eq!(setup.told(), expected);
    assert!(setup.spool.is_empty());
}

#[tokio::test]
async fn devices_are_told_through_the_spool() {
    let mut setup = Setup::new(StatisticsTarget::Device);
    let statistics = setup.statistics.take().unwrap();
    setup.counters[0].processed(5);
    statistics.tell(vec!["b".into()], Lifecycle::Started);
    statistics.stop().await;
    let first = crate::spool::Position::FIRST;
    let records = setup.spool.page(first, 10).await.unwrap();
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let uplink = record.uplink();
            let values = uplink.samples().next().unwrap().pairs.len();
            (uplink.name(), uplink.allow_create(), values)
        })
        .collect();
    assert_eq!(seen, [("b", false, 1), ("a", true, 3), ("b", false, 3)]);
    assert!(setup.reports.is_empty());
}

#[tokio::test]
async fn nobody_is_told_unless_it_is_wanted() {
    assert!(Setup::new(StatisticsTarget::None).statistics.is_none());
}
