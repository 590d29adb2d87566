//! The slots in streams that a batch wants to take, so that one query checks all of them.

use std::collections::{BTreeSet, HashMap};

use bson::raw::RawDocument;
use bson::{Document, doc};

use crate::append::request::Request;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, APPEND_ID, ID, SEQUENCE};
use crate::document::{any_append_id, append_index, integer_in, stream_index};

/// For each append of a batch: its stream, its first sequence and its append id. A batch has at
/// most one append per stream.
#[derive(Debug)]
pub(crate) struct Slots {
    wanted: HashMap<String, Vec<Slot>>,
}

#[derive(Debug)]
struct Slot {
    request: usize,
    aggregate_type: String,
    sequence: i64,
    append_id: Option<String>,
}

/// A query with the index that answers it. Without the hint the server could choose a different
/// index and read whole streams.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    pub(crate) filter: Document,
    pub(crate) index: Document,
}

impl Slots {
    pub(crate) fn of(requests: &[Request]) -> Self {
        let mut wanted: HashMap<String, Vec<Slot>> = HashMap::with_capacity(requests.len());
        for (request, wants) in requests.iter().enumerate() {
            let stream = wants.stream();
            wanted.entry(stream.aggregate_id().as_str().to_owned()).or_default().push(Slot {
                request,
                aggregate_type: stream.aggregate_type().to_owned(),
                sequence: wants.first_sequence().as_i64(),
                append_id: wants.append_id().map(str::to_owned),
            });
        }
        Self { wanted }
    }

    /// Queries that find every event at one of the slots or with one of the append ids, and some
    /// other events: see [`taken_by`](Self::taken_by).
    ///
    /// One index answers each query. An exact filter would be a list of alternatives, and the
    /// server would plan each of them separately.
    pub(crate) fn lookups(&self) -> Vec<Lookup> {
        let ids: Vec<&str> = self.wanted.keys().map(String::as_str).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let slots = || self.wanted.values().flatten();
        let sequences: BTreeSet<i64> = slots().map(|slot| slot.sequence).collect();
        let sequences: Vec<i64> = sequences.into_iter().collect();
        let filter = doc! { AGGREGATE_ID: { "$in": &ids }, SEQUENCE: { "$in": sequences } };
        let mut lookups = vec![Lookup { filter, index: stream_index() }];
        let keys: Vec<&str> = slots().filter_map(|slot| slot.append_id.as_deref()).collect();
        if !keys.is_empty() {
            let types: BTreeSet<&str> = slots().map(|slot| slot.aggregate_type.as_str()).collect();
            let types: Vec<&str> = types.into_iter().collect();
            let filter = doc! {
                AGGREGATE_ID: { "$in": ids }, AGGREGATE_TYPE: { "$in": types }, APPEND_ID: any_append_id(&keys),
            };
            lookups.push(Lookup { filter, index: append_index() });
        }
        lookups
    }

    /// The fields that are necessary to decide whether an event is at one of the slots.
    pub(crate) fn projection() -> Document {
        doc! { ID: 0, AGGREGATE_ID: 1, AGGREGATE_TYPE: 1, SEQUENCE: 1, APPEND_ID: 1 }
    }

    /// The index of the request whose slot or append id this event has.
    pub(crate) fn taken_by(&self, event: &RawDocument) -> Option<usize> {
        let aggregate_type = event.get_str(AGGREGATE_TYPE).ok()?;
        let sequence = integer_in(event, SEQUENCE);
        let append_id = event.get_str(APPEND_ID).ok();
        let of_id = self.wanted.get(event.get_str(AGGREGATE_ID).ok()?)?;
        let of_stream = of_id.iter().filter(|slot| slot.aggregate_type == aggregate_type);
        let mut taken = of_stream.filter(|slot| {
            sequence == Some(slot.sequence) || (append_id.is_some() && append_id == slot.append_id.as_deref())
        });
        taken.next().map(|slot| slot.request)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bson::raw::RawDocumentBuf;
    use es_core::store::{Append, AppendId, EventData, ExpectedVersion, NewEvent};
    use es_core::{Metadata, StreamId, Timestamp, Version};

    use super::*;

    fn request(aggregate_type: &str, version: u32, key: &str) -> Request {
        let data = EventData::from(bson::serialize_to_raw_document_buf(&doc! {}).unwrap());
        let event = NewEvent::from_data("Happened", 1, data, Metadata::new()).unwrap();
        let expected = ExpectedVersion::exactly(Version::from(version));
        let stream = StreamId::new(aggregate_type, "a").unwrap();
        let append = Append::new(stream, expected, vec![event]).with_id(AppendId::new(key).unwrap());
        Request::new(append, Timestamp::now(), Duration::from_secs(1)).unwrap().0
    }

    fn event(aggregate_type: &str, sequence: i64, key: &str) -> RawDocumentBuf {
        let event = doc! { AGGREGATE_ID: "a", AGGREGATE_TYPE: aggregate_type, SEQUENCE: sequence, APPEND_ID: key };
        bson::serialize_to_raw_document_buf(&event).unwrap()
    }

    #[test]
    fn an_event_takes_a_slot_or_a_key_only_in_its_own_stream() {
        let slots = Slots::of(&[request("Left", 0, "key"), request("Right", 6, "other")]);
        assert_eq!(slots.taken_by(&event("Left", 1, "none")), Some(0));
        assert_eq!(slots.taken_by(&event("Left", 9, "key")), Some(0));
        assert_eq!(slots.taken_by(&event("Right", 7, "none")), Some(1));
        assert_eq!(slots.taken_by(&event("Right", 1, "key")), None);
        assert_eq!(slots.taken_by(&event("Left", 7, "other")), None);
    }
}
