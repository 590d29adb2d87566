//! A writer: appends of one and of several events, some with a key and repeated, and commands
//! through the repository.

use std::sync::Arc;
use std::time::Duration;

use es_core::repository::IntoEvents;
use es_core::store::{Append, AppendId, EventStore as _, ExpectedVersion, Head, NewEvent};
use es_core::{Metadata, Repository, StreamId};
use fastrand::Rng;

use super::clock;
use super::tally::{Noted, Tally, TallyEvent, noted};
use super::worker::Shared;
use crate::history::{Answer, Asked, Loaded, Mark};

/// The longest pause of a writer between two appends.
const THINKS: Duration = Duration::from_millis(30);

pub(super) struct Writer {
    shared: Arc<Shared>,
    tallies: Repository<Tally>,
    stream: String,
    /// The head of the stream, as far as it is known.
    head: Head,
    mark: Mark,
    random: Rng,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, writer: u32, streams: u32, seed: u64) -> Self {
        let process = shared.process;
        Self {
            tallies: Repository::new(&shared.store),
            // Several writers of different processes share a stream, to cause conflicts.
            stream: format!("s{}", writer % streams),
            head: Head::NONE,
            mark: Mark { process, writer, number: 0 },
            random: Rng::with_seed(seed ^ (u64::from(process) << 32) ^ u64::from(writer)),
            shared,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.shared.is_over() {
            self.once().await;
            tokio::time::sleep(THINKS.mul_f64(self.random.f64())).await;
        }
    }

    /// Loads an aggregate. The next append must get a higher position than its newest event.
    async fn load_any(&mut self) {
        let stream = format!("s{}", self.random.u32(0..self.shared.streams));
        if let Ok(loaded) = self.tallies.load(&stream).await {
            let (process, sequence) = (self.shared.process, loaded.version.get());
            self.shared.recorder.loaded(Loaded { process, stream, sequence, at: clock::now() });
        }
    }

    /// One append, which creates the aggregate if it does not exist.
    async fn once(&mut self) {
        self.mark.number += 1;
        match self.random.u32(0..100) {
            0..35 => drop(self.append(1, None).await),
            35..45 => {
                self.load_any().await;
                self.append(1, None).await;
            }
            45..60 => {
                let events = self.random.u32(2..=5);
                self.append(events, None).await;
            }
            60..80 => {
                let events = self.random.u32(1..=3);
                let key = AppendId::new(self.mark.to_string()).unwrap();
                let append = self.append(events, Some(key)).await;
                self.send(events, append).await;
            }
            80..90 => self.update(None).await,
            _ => {
                let key = self.mark.to_string();
                self.update(Some(&key)).await;
                self.update(Some(&key)).await;
            }
        }
    }

    /// Appends after the known head, and returns the append that was sent.
    async fn append(&mut self, events: u32, key: Option<AppendId>) -> Append {
        let encode = |event: Noted| {
            let event: TallyEvent = event.into_events().remove(0);
            NewEvent::encode(&event, Metadata::new()).unwrap()
        };
        let new = noted(self.mark, events).into_iter().map(encode).collect();
        let stream = StreamId::of::<Tally>(&self.stream).unwrap();
        let append = Append::new(stream, ExpectedVersion::observed(self.head), new).with_id(key);
        self.send(events, append.clone()).await;
        append
    }

    async fn send(&mut self, events: u32, append: Append) {
        let asked = clock::now();
        let stream = append.stream.clone();
        let answer = self.shared.store.append(append).await;
        self.note(events, asked, Answer::of_append(&answer));
        match answer {
            Ok(appended) => self.saw(appended.receipt().head()),
            // The head is unknown now.
            Err(_) => {
                if let Ok(head) = self.shared.store.head(&stream).await {
                    self.head = head;
                }
            }
        }
    }

    async fn update(&mut self, key: Option<&str>) {
        let (mark, asked) = (self.mark, clock::now());
        let events = 1 + mark.number % 3;
        let decide = move |_: &_| noted(mark, events);
        let answer = match key {
            Some(key) => self.tallies.update(&self.stream, decide).once(key).await,
            None => self.tallies.update(&self.stream, decide).await,
        };
        self.note(events, asked, Answer::of_update(&answer));
        if let Some(last) = answer.ok().and_then(|committed| committed.events.last().map(Head::from)) {
            self.saw(last);
        }
    }

    fn saw(&mut self, head: Head) {
        if head.version() > self.head.version() {
            self.head = head;
        }
    }

    fn note(&self, events: u32, asked: crate::history::Nanos, answer: Answer) {
        let (mark, stream, answered) = (self.mark, self.stream.clone(), clock::now());
        self.shared.recorder.asked(Asked { mark, stream, events, asked, answered, answer });
    }
}
