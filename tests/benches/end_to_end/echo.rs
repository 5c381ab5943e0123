//! What the same bytes cost a server that only sends them back: what no host can
//! undercut that reads from sockets and writes to one.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use measure::{Cell, Report, Table, process::own_id};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::load::{
    flood::{Flood, Load},
    usage::Usage,
};

/// How long the load runs before it is measured.
const WARM: Duration = Duration::from_millis(500);
/// Bytes that are read at once, as the host does.
const READ: usize = 8 * 1024;

/// Echoes on a free port, whose address goes to standard output. Does not return.
pub(super) fn serve() -> ! {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut bytes = vec![0; READ];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    stream.write_all(&bytes[..read]).await.unwrap();
                }
            });
        }
    })
}

/// The server as a process of its own, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures each number of connections.
pub(super) fn measure(report: &mut Report, connections: &[usize], span: Duration) {
    let mut table = Table::new(
        "echo",
        "The same bytes echoed by a bare tokio server",
        "connections",
    )
    .columns([
        ("lines", "lines"),
        ("server", "server, a line"),
        ("generator", "generator, a line"),
        ("bytes", "each way"),
    ]);
    for connections in connections {
        table.row(connections, connections, run(*connections, span));
    }
    report.table(table);
}

fn run(connections: usize, span: Duration) -> [Cell; 4] {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    let child = command.arg("--echo-server").stdout(Stdio::piped()).spawn();
    let mut server = Server(child.unwrap());
    let mut line = String::new();
    let output = server.0.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim_end().parse().unwrap();

    let flood = Flood::start(address, Load::of(connections, None));
    thread::sleep(WARM);
    let (_, before) = flood.bytes();
    let usage = [own_id(), server.0.id()].map(Usage::of);
    thread::sleep(span);
    let (sent_bytes, after) = flood.bytes();
    let [generator, used] = usage.map(|usage| usage.used());
    let line_bytes = sent_bytes as f64 / flood.sent() as f64;
    flood.stop();
    let bytes = (after - before) as f64;
    let lines = bytes / line_bytes;
    [
        Cell::figure(lines / used.seconds, "/s"),
        Cell::figure(used.processor * 1e6 / lines, "µs"),
        Cell::figure(generator.processor * 1e6 / lines, "µs"),
        Cell::figure(bytes / used.seconds / 1e6, "MB/s"),
    ]
}
