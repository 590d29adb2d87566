//! A helpdesk, with a struct for each event. An incident is logged, answered, resolved,
//! acknowledged and closed. Its category, priority and agent are only of interest to readers.
//!
//! The original (C#, Marten) has 320 lines without tests.

use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Init, event};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
pub struct IncidentLogged {
    customer_id: String,
    contact: Contact,
    description: String,
}

#[event(version = 1)]
pub struct IncidentCategorised {
    category: Category,
}

#[event(version = 1)]
pub struct IncidentPrioritised {
    priority: Priority,
}

#[event(version = 1)]
pub struct AgentAssigned {
    agent_id: String,
}

#[event(version = 1)]
pub struct AgentResponded {
    content: String,
    visible_to_customer: bool,
}

#[event(version = 1)]
pub struct CustomerResponded {
    content: String,
}

#[event(version = 1)]
pub struct IncidentResolved {
    resolution: Resolution,
}

#[event(version = 1)]
pub struct ResolutionAcknowledged;

#[event(version = 1)]
pub struct IncidentClosed;

#[derive(Serialize, Deserialize)]
pub enum Contact {
    Email(String),
    Phone(String),
    InPerson,
    Generated,
}

#[derive(Serialize, Deserialize)]
pub enum Category {
    Software,
    Hardware,
    Network,
    Database,
}

#[derive(Serialize, Deserialize)]
pub enum Priority {
    Critical,
    High,
    Medium,
    Low,
}

#[derive(Serialize, Deserialize)]
pub enum Resolution {
    Temporary,
    Permanent,
    NotAnIncident,
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub enum Status {
    Pending,
    Resolved,
    Acknowledged,
    Closed,
}

#[derive(Aggregate, Debug)]
#[aggregate(init(IncidentLogged), informs(IncidentCategorised, IncidentPrioritised, AgentAssigned))]
#[aggregate(events(AgentResponded, CustomerResponded, IncidentResolved, ResolutionAcknowledged, IncidentClosed))]
pub struct Incident {
    status: Status,
    customer_waits: bool,
}

impl Init<IncidentLogged> for Incident {
    fn init(_: IncidentLogged, _: &Context) -> Self {
        Self { status: Status::Pending, customer_waits: false }
    }
}

impl Apply<AgentResponded> for Incident {
    fn apply(&mut self, _: AgentResponded, _: &Context) {
        self.customer_waits = false;
    }
}

impl Apply<CustomerResponded> for Incident {
    fn apply(&mut self, _: CustomerResponded, _: &Context) {
        self.customer_waits = true;
    }
}

impl Apply<IncidentResolved> for Incident {
    fn apply(&mut self, _: IncidentResolved, _: &Context) {
        self.status = Status::Resolved;
    }
}

impl Apply<ResolutionAcknowledged> for Incident {
    fn apply(&mut self, _: ResolutionAcknowledged, _: &Context) {
        self.status = Status::Acknowledged;
    }
}

impl Apply<IncidentClosed> for Incident {
    fn apply(&mut self, _: IncidentClosed, _: &Context) {
        self.status = Status::Closed;
    }
}

#[derive(Debug, PartialEq)]
pub enum Refusal {
    Has(Status),
    CustomerWaits,
}

impl Incident {
    fn open<E>(&self, event: E) -> Result<E, Refusal> {
        if self.status == Status::Closed { Err(Refusal::Has(self.status)) } else { Ok(event) }
    }

    fn answered<E>(&self, event: E) -> Result<E, Refusal> {
        if self.customer_waits { Err(Refusal::CustomerWaits) } else { Ok(event) }
    }

    fn categorise(&self, category: Category) -> Result<IncidentCategorised, Refusal> {
        self.open(IncidentCategorised { category })
    }

    fn prioritise(&self, priority: Priority) -> Result<IncidentPrioritised, Refusal> {
        self.open(IncidentPrioritised { priority })
    }

    fn assign(&self, agent_id: &str) -> Result<AgentAssigned, Refusal> {
        self.open(AgentAssigned { agent_id: agent_id.to_owned() })
    }

    fn respond(&self, content: &str) -> Result<AgentResponded, Refusal> {
        self.open(AgentResponded { content: content.to_owned(), visible_to_customer: true })
    }

    fn ask(&self, content: &str) -> Result<CustomerResponded, Refusal> {
        self.open(CustomerResponded { content: content.to_owned() })
    }

    fn resolve(&self, resolution: Resolution) -> Result<IncidentResolved, Refusal> {
        match self.status {
            Status::Resolved | Status::Closed => Err(Refusal::Has(self.status)),
            Status::Pending | Status::Acknowledged => self.answered(IncidentResolved { resolution }),
        }
    }

    fn acknowledge(&self) -> Result<ResolutionAcknowledged, Refusal> {
        if self.status == Status::Resolved { Ok(ResolutionAcknowledged) } else { Err(Refusal::Has(self.status)) }
    }

    fn close(&self) -> Result<IncidentClosed, Refusal> {
        if self.status == Status::Acknowledged { self.answered(IncidentClosed) } else { Err(Refusal::Has(self.status)) }
    }
}

fn logged() -> IncidentLogged {
    let contact = Contact::Email("ann@example.org".to_owned());
    IncidentLogged { customer_id: "ann".to_owned(), contact, description: "it is slow".to_owned() }
}

fn asked() -> CustomerResponded {
    CustomerResponded { content: "still slow".to_owned() }
}

fn resolved() -> IncidentResolved {
    IncidentResolved { resolution: Resolution::Permanent }
}

#[test]
fn an_incident_is_sorted_and_answered() {
    let incident = || given::<Incident>((logged(), asked()));
    incident().when(|it| it.categorise(Category::Network)).then(IncidentCategorised { category: Category::Network });
    incident().when(|it| it.prioritise(Priority::High)).then(IncidentPrioritised { priority: Priority::High });
    incident().when(|it| it.assign("bob")).then_state(|it| assert!(it.customer_waits));
    incident().when(|it| it.respond("better?")).then_state(|it| assert!(!it.customer_waits));
    given::<Incident>(logged()).when(|it| it.ask("still slow")).then(asked());
}

#[test]
fn an_incident_is_resolved_once_the_customer_has_an_answer() {
    given::<Incident>((logged(), asked()))
        .when(|it| it.resolve(Resolution::Permanent))
        .then_error(Refusal::CustomerWaits);
    given::<Incident>(logged()).when(|it| it.resolve(Resolution::Permanent)).then(resolved());
    let again = given::<Incident>((logged(), resolved())).when(|it| it.resolve(Resolution::Temporary));
    again.then_error(Refusal::Has(Status::Resolved));
}

#[test]
fn an_incident_is_closed_after_its_resolution_was_acknowledged() {
    given::<Incident>((logged(), resolved())).when(|it| it.close()).then_error(Refusal::Has(Status::Resolved));
    given::<Incident>((logged(), resolved())).when(|it| it.acknowledge()).then(ResolutionAcknowledged);
    let acknowledged = || (logged(), resolved(), ResolutionAcknowledged);
    given::<Incident>(acknowledged()).when(|it| it.close()).then(IncidentClosed);
    given::<Incident>((acknowledged(), asked())).when(|it| it.close()).then_error(Refusal::CustomerWaits);
}

#[test]
fn a_closed_incident_takes_nothing_more() {
    let closed = || given::<Incident>((logged(), resolved(), ResolutionAcknowledged, IncidentClosed));
    closed().when(|it| it.ask("hello?")).then_error(Refusal::Has(Status::Closed));
    closed().when(|it| it.assign("bob")).then_error(Refusal::Has(Status::Closed));
    closed().when(|it| it.acknowledge()).then_error(Refusal::Has(Status::Closed));
}
