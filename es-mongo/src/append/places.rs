//! The positions of one batch, from the first attempt to the last.
//!
//! The events of the batch take the positions of its ticket in order. After an attempt that has
//! certainly stored nothing, the remaining appends move up, and the positions at the end are given
//! back. If an attempt may have stored something, each append keeps its positions, and the position
//! of an append that is refused is recorded as a skip.

use es_core::store::Ordering;
use es_core::{Position, StoreError};

use crate::append::prepared::{Placed, Written};
use crate::append::request::Request;
use crate::append::ticket::{Kind, Ticket, plus, positions};
use crate::append::tickets::{Tickets, Turn};
use crate::positions::skip::{Reason, Skip};

/// The positions of one batch.
pub(super) struct Places<'a> {
    tickets: &'a Tickets,
    ordering: Ordering,
    /// The positions that the appends of the batch may use.
    ticket: Option<Ticket>,
    /// Whether each append keeps its positions, because it may be stored there.
    pinned: bool,
    /// Positions that nobody uses. The next command records them as skips.
    unused: Vec<Position>,
    /// Positions that this batch does not use, and that may be decided already.
    doubtful: Vec<Position>,
    turn: Turn<'a>,
}

impl<'a> Places<'a> {
    pub(super) fn new(tickets: &'a Tickets, ordering: Ordering) -> Self {
        Self {
            tickets,
            ordering,
            ticket: None,
            pinned: false,
            unused: Vec::new(),
            doubtful: Vec::new(),
            turn: tickets.begin(),
        }
    }

    /// Gives each append its positions.
    pub(super) async fn assign(&mut self, batch: &mut [Request]) -> Result<(), StoreError> {
        if self.ordering == Ordering::PerAggregate {
            for request in batch {
                request.place_at(request.first_sequence().into());
            }
            return Ok(());
        }
        if self.pinned {
            return Ok(());
        }
        let needed = batch.iter().map(|request| request.events() as u64).sum();
        let mut ticket = match self.ticket.take() {
            Some(ticket) if ticket.left >= needed => self.reduce(ticket, needed).await,
            too_small => {
                if let Some(ticket) = too_small {
                    self.reduce(ticket, 0).await;
                }
                self.tickets.take(needed).await?
            }
        };
        self.ticket = Some(ticket);
        for request in batch {
            request.place_at(ticket.take(request.events() as u64));
        }
        Ok(())
    }

    /// Returns the positions at the end of a ticket.
    async fn reduce(&mut self, mut ticket: Ticket, needed: u64) -> Ticket {
        let unused = ticket.left - needed;
        if !self.tickets.give_back(&ticket, unused).await {
            self.unused.extend(positions(ticket.next, ticket.left).skip(usize::try_from(needed).unwrap_or(usize::MAX)));
        }
        ticket.left = needed;
        ticket
    }

    /// The documents of the batch: its events, and then a skip for each position that nobody uses.
    pub(super) fn documents(&self, batch: &[Request]) -> Vec<Written> {
        let events: usize = batch.iter().map(Request::events).sum();
        let mut documents = Vec::with_capacity(events + self.unused.len());
        for request in batch {
            documents.extend(Placed::all(&request.prepared, request.position()).map(Written::Event));
        }
        documents.extend(self.unused.iter().map(|position| Written::Skip(Skip::new(*position, Reason::Unused))));
        documents
    }

    /// The lowest position of the documents, if positions are unique.
    pub(super) fn lowest(&self, batch: &[Request]) -> Option<Position> {
        let positions = batch.iter().map(Request::position).chain(self.unused.iter().copied());
        positions.min().filter(|_| self.ordering == Ordering::Global)
    }

    /// The position of a document that belongs to one append, if positions are unique.
    pub(super) fn position_at(&self, batch: &[Request], append: usize, document: usize) -> Option<Position> {
        if self.ordering == Ordering::PerAggregate {
            return None;
        }
        let before: usize = batch[..append].iter().map(Request::events).sum();
        positions(batch[append].position(), batch[append].events() as u64).nth(document.saturating_sub(before))
    }

    /// An append is stored.
    pub(super) fn stored(&mut self, request: &Request) {
        if self.ordering == Ordering::PerAggregate {
            return;
        }
        let kind = self.ticket.map_or(Kind::Given, |ticket| ticket.kind);
        if let Some(ticket) = &mut self.ticket
            && !self.pinned
        {
            ticket.take(request.events() as u64);
        }
        self.tickets.stored(kind, plus(request.position(), (request.events() as u64).saturating_sub(1)));
    }

    /// An append leaves the batch without being stored.
    pub(super) fn removed(&mut self, request: &Request) {
        if self.pinned {
            self.unused.extend(positions(request.position(), request.events() as u64));
        }
    }

    /// From now on, each append keeps its positions.
    pub(super) fn pin(&mut self) {
        self.pinned = self.ordering == Ordering::Global;
    }

    /// Gives up the positions of the remaining appends, because a different writer or a reader has
    /// taken one of them.
    pub(super) fn give_up(&mut self, batch: &[Request]) {
        let ticket = self.ticket.take();
        let was_pinned = std::mem::take(&mut self.pinned);
        // Nobody else knows positions that can be withdrawn.
        let are_withdrawn = !was_pinned && ticket.is_none_or(|ticket| self.tickets.withdraw(&ticket, ticket.left));
        if !are_withdrawn {
            for request in batch {
                self.doubtful.extend(positions(request.position(), request.events() as u64));
            }
        }
        self.doubt_skips();
        self.tickets.lost();
    }

    /// All appends have their answers, and others follow.
    pub(super) fn start_over(&mut self) {
        if std::mem::take(&mut self.pinned) {
            self.ticket = None;
        }
    }

    /// The first skips of the last command are stored.
    pub(super) fn skips_are_stored(&mut self, skips: usize) {
        self.unused.drain(..skips.min(self.unused.len()));
    }

    /// A skip was refused. Nearly always a reader has skipped its position before.
    pub(super) fn doubt_skips(&mut self) {
        self.doubtful.append(&mut self.unused);
    }

    /// Returns the rest of the ticket after the last append has its answer. Returns the positions
    /// that must be recorded as skips.
    pub(super) async fn close(mut self) -> Vec<Position> {
        if let Some(ticket) = self.ticket.take()
            && !self.pinned
        {
            self.reduce(ticket, 0).await;
        }
        drop(self.turn);
        self.doubtful.append(&mut self.unused);
        self.doubtful
    }
}
