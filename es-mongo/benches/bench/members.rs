//! Processes that work in rounds, each round at the same time in all of them.
//!
//! A process keeps its connections for all rounds. It reads orders from its standard input: `what
//! round begin length`, with the times in milliseconds, the first since 1970. It answers each with
//! one line of numbers, and ends when there are no more orders.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Outcome;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// The time in which all processes read an order.
const HEAD_START: Duration = Duration::from_millis(100);

pub(crate) struct Members(Vec<Member>);

struct Member {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Members {
    /// Starts this program again for each member, and waits until all are ready.
    pub(crate) fn start(work: &str, members: u32, arguments: impl Fn(u32) -> Vec<String>) -> Fallible<Self> {
        let mut started = Vec::new();
        for member in 0..members {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(work).args(arguments(member)).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn()?;
            let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
                return Err("a process has no pipes".into());
            };
            started.push(Member { process, orders, answers: BufReader::new(answers).lines() });
        }
        for member in &mut started {
            member.answer()?;
        }
        Ok(Self(started))
    }

    /// Runs one round in all processes. Returns the answer of each.
    pub(crate) fn round(&mut self, what: &str, round: u64, length: Duration) -> Fallible<Vec<Vec<u64>>> {
        let begin = (SystemTime::now().duration_since(UNIX_EPOCH)? + HEAD_START).as_millis();
        for member in &mut self.0 {
            writeln!(member.orders, "{what} {round} {begin} {}", length.as_millis())?;
        }
        self.0.iter_mut().map(Member::answer).collect()
    }

    pub(crate) fn end(self) -> Outcome {
        for Member { mut process, orders, .. } in self.0 {
            drop(orders);
            let status = process.wait()?;
            if !status.success() {
                return Err(format!("a process ended with {status}").into());
            }
        }
        Ok(())
    }
}

impl Member {
    fn answer(&mut self) -> Fallible<Vec<u64>> {
        let answer = self.answers.next().ok_or("a process has ended early")??;
        Ok(answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

/// What a member works on in a round, and when.
pub(crate) struct Order {
    pub(crate) what: String,
    pub(crate) round: String,
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
}

/// The orders to this process. The first call of `next` reports that it is ready.
pub(crate) fn orders() -> impl Iterator<Item = Fallible<Order>> {
    answer([]);
    std::io::stdin().lines().map(|order| order?.parse())
}

impl std::str::FromStr for Order {
    type Err = Box<dyn std::error::Error>;

    fn from_str(order: &str) -> Result<Self, Self::Err> {
        let [what, round, begin, length] = order.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("`{order}` is not an order").into());
        };
        let begin = UNIX_EPOCH + Duration::from_millis(begin.parse()?);
        let begin = Instant::now() + begin.duration_since(SystemTime::now()).unwrap_or_default();
        let end = begin + Duration::from_millis(length.parse()?);
        Ok(Self { what: what.into(), round: round.into(), begin, end })
    }
}

/// Answers an order.
pub(crate) fn answer(numbers: impl IntoIterator<Item = u64>) {
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    println!("{}", numbers.join(" "));
}

/// A latency as a number of an answer.
pub(crate) fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}
