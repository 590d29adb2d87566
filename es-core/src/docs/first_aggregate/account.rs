// The account after the first three steps, for the steps after them and for other guides.
include!("events.rs");
include!("aggregate.rs");
include!("decisions.rs");
