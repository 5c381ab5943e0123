//! Stopping: what was accepted is delivered first.

use harness::{Host, Port, Standin};
use serde_json::json;

#[test]
fn a_stopping_host_delivers_what_devices_had_sent() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    device.send("SN-1,default,n,0\n");
    standin.wait_for_latest("SN-1", "n", 0);
    let lines: Vec<_> = (1..2000)
        .map(|number| format!("SN-1,default,n,{number}\n"))
        .collect();
    device.send(&lines.concat());
    let (status, log) = host.process.terminate();
    assert_eq!(status.code(), Some(0));
    let last = log.last().unwrap();
    assert_eq!(
        last["message"],
        "stopped; ThingsBoard acknowledged everything"
    );
    let expected: Vec<_> = (0..2000).map(|number| json!(number)).collect();
    assert_eq!(standin.history("SN-1", "n"), expected);
}

/// What ThingsBoard has not acknowledged waits in the spool for the next start.
#[test]
fn what_cannot_be_delivered_is_sent_by_the_next_start() {
    let port = Port::free();
    let host = Host::builder(port.number())
        .top("shutdownTimeoutMs = 300")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,0\nSN-1,default,n,1\n");
    host.wait_for_records(2);
    let host = host.restart();
    let log = host.process.log();
    let line = log.iter().find(|line| line["records"].is_number()).unwrap();
    assert_eq!(line["records"], 2);
    let standin = Standin::start_on(&port);
    standin.wait_for_latest("SN-1", "n", 1);
    assert_eq!(standin.history("SN-1", "n"), [json!(0), json!(1)]);
}
