//! A helpdesk. An incident is answered until it is resolved, and is closed after the customer has
//! acknowledged the resolution. A struct per event; who did it and when is recorded with each.

use es_core::memory::MemoryStore;
use es_core::testing::{Given, given};
use es_core::{Aggregate, Apply, Context, Init, Repository, event};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
pub struct IncidentLogged {
    pub customer: String,
    pub contact: Contact,
    pub description: String,
}

#[event(version = 1)]
pub struct IncidentCategorised {
    pub category: Category,
}

#[event(version = 1)]
pub struct IncidentPrioritised {
    pub priority: Priority,
}

#[event(version = 1)]
pub struct AgentAssigned {
    pub agent: String,
}

#[event(version = 1)]
pub struct AgentResponded {
    pub text: String,
    pub visible_to_customer: bool,
}

#[event(version = 1)]
pub struct CustomerResponded {
    pub text: String,
}

#[event(version = 1)]
pub struct IncidentResolved {
    pub resolution: Resolution,
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
    Monitoring,
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

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    Resolved,
    Acknowledged,
    Closed,
}

#[derive(Aggregate, Debug)]
#[aggregate(
    init(IncidentLogged),
    events(AgentResponded, CustomerResponded, IncidentResolved, ResolutionAcknowledged, IncidentClosed),
    informs(IncidentCategorised, IncidentPrioritised, AgentAssigned)
)]
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

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("not possible while the incident is {0:?}")]
    Not(Status),
    #[error("the customer waits for a response")]
    CustomerWaits,
}

impl Incident {
    pub fn categorise(&self, category: Category) -> Result<IncidentCategorised, Refusal> {
        self.unless_closed(IncidentCategorised { category })
    }

    pub fn prioritise(&self, priority: Priority) -> Result<IncidentPrioritised, Refusal> {
        self.unless_closed(IncidentPrioritised { priority })
    }

    pub fn assign(&self, agent: &str) -> Result<AgentAssigned, Refusal> {
        self.unless_closed(AgentAssigned { agent: agent.into() })
    }

    pub fn agent_responds(&self, text: &str, visible_to_customer: bool) -> Result<AgentResponded, Refusal> {
        self.unless_closed(AgentResponded { text: text.into(), visible_to_customer })
    }

    pub fn customer_responds(&self, text: &str) -> Result<CustomerResponded, Refusal> {
        self.unless_closed(CustomerResponded { text: text.into() })
    }

    pub fn resolve(&self, resolution: Resolution) -> Result<IncidentResolved, Refusal> {
        match self.status {
            Status::Resolved | Status::Closed => Err(Refusal::Not(self.status)),
            _ if self.customer_waits => Err(Refusal::CustomerWaits),
            _ => Ok(IncidentResolved { resolution }),
        }
    }

    pub fn acknowledge(&self) -> Result<ResolutionAcknowledged, Refusal> {
        match self.status {
            Status::Resolved => Ok(ResolutionAcknowledged),
            status => Err(Refusal::Not(status)),
        }
    }

    pub fn close(&self) -> Result<IncidentClosed, Refusal> {
        match self.status {
            Status::Acknowledged if self.customer_waits => Err(Refusal::CustomerWaits),
            Status::Acknowledged => Ok(IncidentClosed),
            status => Err(Refusal::Not(status)),
        }
    }

    fn unless_closed<E>(&self, event: E) -> Result<E, Refusal> {
        if self.status == Status::Closed { Err(Refusal::Not(self.status)) } else { Ok(event) }
    }
}

fn logged() -> IncidentLogged {
    let contact = Contact::Email("ann@example.com".into());
    IncidentLogged { customer: "customer_1".into(), contact, description: "the printer is jammed".into() }
}

fn asked() -> CustomerResponded {
    CustomerResponded { text: "it is jammed again".into() }
}

fn answered() -> AgentResponded {
    AgentResponded { text: "open tray 2".into(), visible_to_customer: true }
}

fn resolved() -> IncidentResolved {
    IncidentResolved { resolution: Resolution::Permanent }
}

fn closed() -> Given<Incident> {
    given((logged(), resolved(), ResolutionAcknowledged, IncidentClosed))
}

#[test]
fn an_open_incident_takes_everything() {
    given::<Incident>(logged())
        .when(|incident| incident.categorise(Category::Hardware))
        .then(IncidentCategorised { category: Category::Hardware });
    given::<Incident>(logged())
        .when(|incident| incident.prioritise(Priority::High))
        .then(IncidentPrioritised { priority: Priority::High });
    given::<Incident>(logged())
        .when(|incident| incident.assign("agent_7"))
        .then(AgentAssigned { agent: "agent_7".into() });
    given::<Incident>(logged()).when(|incident| incident.agent_responds("open tray 2", true)).then(answered());
    given::<Incident>(logged()).when(|incident| incident.customer_responds("it is jammed again")).then(asked());
}

#[test]
fn a_closed_incident_takes_nothing() {
    let refusal = Refusal::Not(Status::Closed);
    closed().when(|incident| incident.categorise(Category::Network)).then_error(refusal.clone());
    closed().when(|incident| incident.prioritise(Priority::Low)).then_error(refusal.clone());
    closed().when(|incident| incident.assign("agent_7")).then_error(refusal.clone());
    closed().when(|incident| incident.agent_responds("open tray 2", true)).then_error(refusal.clone());
    closed().when(|incident| incident.customer_responds("it is jammed again")).then_error(refusal.clone());
    closed().when(|incident| incident.resolve(Resolution::Temporary)).then_error(refusal.clone());
    closed().when(|incident| incident.acknowledge()).then_error(refusal.clone());
    closed().when(|incident| incident.close()).then_error(refusal);
}

#[test]
fn an_incident_is_resolved_once_and_only_if_the_customer_has_an_answer() {
    given::<Incident>((logged(), asked()))
        .when(|incident| incident.resolve(Resolution::Permanent))
        .then_error(Refusal::CustomerWaits);
    given::<Incident>((logged(), asked(), answered()))
        .when(|incident| incident.resolve(Resolution::Permanent))
        .then(resolved());
    given::<Incident>((logged(), resolved()))
        .when(|incident| incident.resolve(Resolution::Permanent))
        .then_error(Refusal::Not(Status::Resolved));
}

#[test]
fn an_incident_is_closed_after_its_resolution_is_acknowledged() {
    given::<Incident>(logged()).when(|incident| incident.acknowledge()).then_error(Refusal::Not(Status::Pending));
    given::<Incident>((logged(), resolved())).when(|incident| incident.acknowledge()).then(ResolutionAcknowledged);
    given::<Incident>((logged(), resolved()))
        .when(|incident| incident.close())
        .then_error(Refusal::Not(Status::Resolved));
    given::<Incident>((logged(), resolved(), ResolutionAcknowledged, asked()))
        .when(|incident| incident.close())
        .then_error(Refusal::CustomerWaits);
    given::<Incident>((logged(), resolved(), ResolutionAcknowledged))
        .when(|incident| incident.close())
        .then(IncidentClosed);
}

#[tokio::test]
async fn an_agent_who_saw_an_older_version_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let incidents = Repository::<Incident>::new(&MemoryStore::new());
    let seen = incidents.create("incident-1", logged()).by("customer_1").await?.version;
    incidents.update("incident-1", |incident| incident.customer_responds("hello?")).by("customer_1").await?;

    let resolving = incidents.update("incident-1", |incident| incident.resolve(Resolution::NotAnIncident));
    assert!(resolving.by("agent_7").expecting(seen).await.unwrap_err().is_conflict());
    assert_eq!(incidents.load("incident-1").await?.status, Status::Pending);
    Ok(())
}
