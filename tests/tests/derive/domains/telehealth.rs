//! Telehealth. An appointment is routed to a board, and a provider with a shift there takes it. A
//! mixed style: the small events are variants of an enum, and an event that begins or ends an
//! aggregate, or belongs to two of them, is a struct.

use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Answer, Apply, Context, Init, LoadError, Repository, Timestamp, event, events};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
pub struct BoardOpened {
    pub name: String,
    pub states: Vec<String>,
    pub specialties: Vec<String>,
}

#[events]
pub enum BoardEvent {
    #[event]
    Opened(BoardOpened),
    #[event(version = 1)]
    ShiftAdded(String),
    #[event(version = 1)]
    ShiftDropped(String),
    #[event(version = 1)]
    AlertRaised(String),
    #[event(version = 1)]
    AlertCleared(String),
    #[event(version = 1)]
    Finished,
    #[event(version = 1)]
    Closed { reason: String },
}

#[derive(Aggregate, Debug)]
#[aggregate(events = BoardEvent, init(BoardOpened))]
pub struct Board {
    name: String,
    states: Vec<String>,
    specialties: Vec<String>,
    shifts: Vec<String>,
    alerts: Vec<String>,
    finished: Option<Timestamp>,
    closed: Option<(Timestamp, String)>,
}

impl Init<BoardOpened> for Board {
    fn init(BoardOpened { name, states, specialties }: BoardOpened, _: &Context) -> Self {
        Self { name, states, specialties, shifts: vec![], alerts: vec![], finished: None, closed: None }
    }
}

impl Apply<BoardEvent> for Board {
    fn apply(&mut self, event: BoardEvent, context: &Context) {
        match event {
            BoardEvent::ShiftAdded(shift) => self.shifts.push(shift),
            BoardEvent::ShiftDropped(shift) => self.shifts.retain(|held| *held != shift),
            BoardEvent::AlertRaised(code) => self.alerts.push(code),
            BoardEvent::AlertCleared(code) => self.alerts.retain(|held| *held != code),
            BoardEvent::Finished => self.finished = Some(context.timestamp()),
            BoardEvent::Closed { reason } => self.closed = Some((context.timestamp(), reason)),
            BoardEvent::Opened(_) => {}
        }
    }
}

impl Board {
    pub fn takes(&self, state: &str, specialty: &str) -> bool {
        let open = self.finished.is_none() && self.closed.is_none();
        open && self.states.iter().any(|held| held == state) && self.specialties.iter().any(|held| held == specialty)
    }

    pub fn add_shift(&self, shift: &str) -> Option<BoardEvent> {
        let known = self.shifts.iter().any(|held| held == shift);
        (!known).then(|| BoardEvent::ShiftAdded(shift.into()))
    }

    pub fn raise(&self, alert: &str) -> Option<BoardEvent> {
        let known = self.alerts.iter().any(|held| held == alert);
        (!known).then(|| BoardEvent::AlertRaised(alert.into()))
    }
}

/// Recorded by the shift and by the appointment.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderAssigned {
    pub appointment: String,
    pub provider: String,
}

#[event(version = 1)]
pub struct ProviderJoined {
    pub board: String,
    pub provider: String,
}

#[event(version = 1)]
pub struct ProviderSignedOff;

#[events]
pub enum ShiftEvent {
    #[event]
    Joined(ProviderJoined),
    #[event]
    Assigned(ProviderAssigned),
    #[event(version = 1)]
    Ready,
    #[event(version = 1)]
    ChartingStarted,
    #[event(version = 1)]
    ChartingFinished,
    #[event(version = 1)]
    Paused,
    #[event]
    SignedOff(ProviderSignedOff),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ProviderStatus {
    Ready,
    Assigned { appointment: String },
    Charting,
    Paused,
}

#[derive(Aggregate, Debug)]
#[aggregate(events = ShiftEvent, init(ProviderJoined), ends(ProviderSignedOff))]
pub struct ProviderShift {
    board: String,
    provider: String,
    status: ProviderStatus,
}

impl Init<ProviderJoined> for ProviderShift {
    fn init(ProviderJoined { board, provider }: ProviderJoined, _: &Context) -> Self {
        Self { board, provider, status: ProviderStatus::Ready }
    }
}

impl Apply<ShiftEvent> for ProviderShift {
    fn apply(&mut self, event: ShiftEvent, _: &Context) {
        self.status = match event {
            ShiftEvent::Joined(_) | ShiftEvent::Ready => ProviderStatus::Ready,
            ShiftEvent::Assigned(ProviderAssigned { appointment, .. }) => ProviderStatus::Assigned { appointment },
            ShiftEvent::ChartingStarted => ProviderStatus::Charting,
            ShiftEvent::ChartingFinished | ShiftEvent::Paused | ShiftEvent::SignedOff(_) => ProviderStatus::Paused,
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("not possible while the provider is {0:?}")]
pub struct Not(ProviderStatus);

impl ProviderShift {
    pub fn assign(&self, appointment: &str) -> Result<ProviderAssigned, Not> {
        match &self.status {
            ProviderStatus::Ready => {
                Ok(ProviderAssigned { appointment: appointment.into(), provider: self.provider.clone() })
            }
            status => Err(Not(status.clone())),
        }
    }

    pub fn finish_charting(&self) -> Result<Answer<ProviderStatus, ShiftEvent>, Not> {
        match &self.status {
            ProviderStatus::Charting => Ok(Answer(ProviderStatus::Paused, ShiftEvent::ChartingFinished)),
            status => Err(Not(status.clone())),
        }
    }
}

#[event(version = 1)]
pub struct AppointmentRequested {
    pub patient: String,
    pub state: String,
    pub specialty: String,
}

#[event(version = 1)]
pub struct AppointmentCancelled;

#[events]
pub enum AppointmentEvent {
    #[event]
    Requested(AppointmentRequested),
    #[event(version = 1)]
    Routed { board: String },
    #[event]
    Assigned(ProviderAssigned),
    #[event(version = 1)]
    Estimated { time: Timestamp },
    #[event(version = 1)]
    Started,
    #[event(version = 1)]
    Completed,
    #[event]
    Cancelled(AppointmentCancelled),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum AppointmentStatus {
    Requested,
    Scheduled { time: Timestamp },
    Started { at: Timestamp },
    Completed { at: Timestamp },
}

#[derive(Aggregate, Debug)]
#[aggregate(events = AppointmentEvent, init(AppointmentRequested), ends(AppointmentCancelled))]
pub struct Appointment {
    patient: String,
    state: String,
    specialty: String,
    board: Option<String>,
    provider: Option<String>,
    status: AppointmentStatus,
}

impl Init<AppointmentRequested> for Appointment {
    fn init(AppointmentRequested { patient, state, specialty }: AppointmentRequested, _: &Context) -> Self {
        Self { patient, state, specialty, board: None, provider: None, status: AppointmentStatus::Requested }
    }
}

impl Apply<AppointmentEvent> for Appointment {
    fn apply(&mut self, event: AppointmentEvent, context: &Context) {
        let at = context.timestamp();
        match event {
            AppointmentEvent::Routed { board } => self.board = Some(board),
            AppointmentEvent::Assigned(assigned) => self.provider = Some(assigned.provider),
            AppointmentEvent::Estimated { time } => self.status = AppointmentStatus::Scheduled { time },
            AppointmentEvent::Started => self.status = AppointmentStatus::Started { at },
            AppointmentEvent::Completed => self.status = AppointmentStatus::Completed { at },
            AppointmentEvent::Requested(_) | AppointmentEvent::Cancelled(_) => {}
        }
    }
}

impl Appointment {
    pub fn route(&self, id: &str, board: &Board) -> Option<AppointmentEvent> {
        board.takes(&self.state, &self.specialty).then(|| AppointmentEvent::Routed { board: id.into() })
    }
}

fn joined() -> ProviderJoined {
    ProviderJoined { board: "board-1".into(), provider: "larry".into() }
}

fn assigned() -> ProviderAssigned {
    ProviderAssigned { appointment: "appointment-1".into(), provider: "larry".into() }
}

fn requested() -> AppointmentRequested {
    AppointmentRequested { patient: "ann".into(), state: "TX".into(), specialty: "cardiology".into() }
}

fn opened() -> BoardOpened {
    BoardOpened { name: "Texas".into(), states: vec!["TX".into()], specialties: vec!["cardiology".into()] }
}

#[test]
fn a_provider_takes_one_appointment_at_a_time() {
    given::<ProviderShift>(joined()).when(|shift| shift.assign("appointment-1")).then(assigned());
    given::<ProviderShift>((joined(), assigned()))
        .when(|shift| shift.assign("appointment-2"))
        .then_error(Not(ProviderStatus::Assigned { appointment: "appointment-1".into() }));
    given::<ProviderShift>((joined(), assigned(), ShiftEvent::Ready))
        .when(|shift| shift.assign("appointment-1"))
        .then(assigned());
}

#[test]
fn charting_is_finished_once() {
    given::<ProviderShift>((joined(), assigned(), ShiftEvent::ChartingStarted))
        .when(|shift| shift.finish_charting())
        .then_answer(ProviderStatus::Paused)
        .then(ShiftEvent::ChartingFinished);
    given::<ProviderShift>((joined(), ShiftEvent::Paused))
        .when(|shift| shift.finish_charting())
        .then_error(Not(ProviderStatus::Paused));
}

#[test]
fn shifts_and_alerts_are_on_the_board_once() {
    given::<Board>(opened()).when(|board| board.add_shift("shift-1")).then(BoardEvent::ShiftAdded("shift-1".into()));
    given::<Board>((opened(), BoardEvent::ShiftAdded("shift-1".into())))
        .when(|board| board.add_shift("shift-1"))
        .then_nothing();
    given::<Board>((opened(), BoardEvent::AlertRaised("full".into()))).when(|board| board.raise("full")).then_nothing();
    given::<Board>((opened(), BoardEvent::AlertRaised("full".into()), BoardEvent::AlertCleared("full".into())))
        .when(|board| board.raise("full"))
        .then(BoardEvent::AlertRaised("full".into()));
}

#[tokio::test]
async fn an_appointment_is_routed_to_an_open_board_until_it_is_cancelled() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let (boards, appointments) = (Repository::<Board>::new(&store), Repository::<Appointment>::new(&store));
    boards.create("board-1", opened()).await?;
    appointments.create("appointment-1", requested()).by("ann").await?;

    let board = boards.load("board-1").await?;
    appointments.update("appointment-1", |appointment| appointment.route("board-1", &board)).await?;
    assert_eq!(appointments.load("appointment-1").await?.board.as_deref(), Some("board-1"));

    boards.update("board-1", |_| BoardEvent::Closed { reason: "holiday".into() }).await?;
    let board = boards.load("board-1").await?;
    let routed = appointments.update("appointment-1", |appointment| appointment.route("board-1", &board)).await?;
    assert!(routed.events.is_empty());

    appointments.update("appointment-1", |_| AppointmentCancelled).by("ann").await?;
    assert!(matches!(appointments.load("appointment-1").await, Err(LoadError::NotFound { .. })));
    assert_eq!(appointments.load_at("appointment-1", 2).await?.patient, "ann");
    Ok(())
}
