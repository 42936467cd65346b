//! One pass over the old database, table by table.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use openmoss_domain::import::{
    Converted, Converter, Effect, Finding, Note, Placed, Raw, Sums, UpstreamTable,
};
use openmoss_domain::score::ScoreChange;
use openmoss_domain::{Policy, Rule, RuleScope, Timestamp};
use openmoss_storage::StorageError;
use openmoss_storage::import::{Arrived, Target};
use openmoss_storage::upstream::Upstream;

use crate::credential::hash;
use crate::error::ServiceError;
use crate::import::Progress;
use crate::import::remarks::Remarks;
use crate::import::report::Report;
use crate::request::day;

/// What a pass needs; it may be made more than once.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) source: PathBuf,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    /// The rule that a server puts into its empty database.
    pub(super) shipped_rule: String,
    /// The zone whose midnight begins a day here.
    pub(super) days: Tz,
    pub(super) place: Arc<dyn Fn(NaiveDateTime) -> Option<Placed> + Send + Sync>,
}

struct Pass<'a, 't> {
    source: Upstream,
    converter: Converter,
    target: &'a mut Target<'t>,
    report: Report,
    remarks: Option<Remarks>,
    progress: &'a dyn Progress,
    shipped_rule: &'a str,
    days: Tz,
}

impl Run {
    /// Reads everything and brings it to `target`; what is not taken as it is goes to a file in
    /// `folder`.
    pub(super) fn bring(
        &self,
        target: &mut Target<'_>,
        folder: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<Report, ServiceError> {
        let place = Arc::clone(&self.place);
        let mut pass = Pass {
            source: Upstream::open(&self.source)?,
            converter: Converter::new(self.policy, self.now, Box::new(move |t| place(t))),
            target,
            report: Report::default(),
            remarks: folder.map(|folder| Remarks::new(folder, self.now)),
            progress,
            shipped_rule: &self.shipped_rule,
            days: self.days,
        };
        pass.all()?;
        let Pass { mut report, remarks, .. } = pass;
        if let Some(remarks) = remarks {
            report.file = remarks.finish(report.is_any_new())?;
        }
        Ok(report)
    }
}

impl Pass<'_, '_> {
    fn all(&mut self) -> Result<(), ServiceError> {
        let mut rows = 0;
        for table in UpstreamTable::ALL {
            rows += self.source.count(*table)?;
        }
        self.progress.begin(rows);
        for table in UpstreamTable::ALL {
            // So that the report lists tables without rows, too.
            self.report.table(*table);
            self.table(*table)?;
        }
        if self.report.is_any_new() {
            self.target.settle_agents()?;
        }
        Ok(())
    }

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a method of `Target<'_>` is not general enough, a closure is"
    )]
    fn table(&mut self, table: UpstreamTable) -> Result<(), ServiceError> {
        match table {
            UpstreamTable::Task => self.each(table, Converter::task, |to, new| to.tasks(new)),
            UpstreamTable::Module => self.each(table, Converter::module, |to, new| to.modules(new)),
            UpstreamTable::Agent => self.agents(),
            UpstreamTable::SubTask => {
                self.each(table, Converter::sub_task, |to, new| to.sub_tasks(new))
            }
            UpstreamTable::ReviewRecord => {
                self.each(table, Converter::review, |to, new| to.reviews(new))
            }
            UpstreamTable::RewardLog => {
                self.each(table, Converter::score_change, |to, new| to.score_changes(new))
            }
            UpstreamTable::ActivityLog => {
                self.each(table, Converter::log_entry, |to, new| to.log_entries(new))
            }
            UpstreamTable::Rule => self.rules(),
            UpstreamTable::PatrolRecord => self.without_place(table),
            UpstreamTable::RequestLog => self.requests(table),
        }
    }

    fn each<T>(
        &mut self,
        table: UpstreamTable,
        mut convert: impl FnMut(&mut Converter, &Raw) -> Converted<T>,
        bring: impl Fn(&mut Target<'_>, &[T]) -> Result<Arrived, StorageError>,
    ) -> Result<(), ServiceError> {
        let mut after = None;
        loop {
            let (raws, last) = self.source.page(table, after)?;
            if raws.is_empty() {
                return Ok(());
            }
            after = last;
            let mut values = Vec::with_capacity(raws.len());
            for raw in &raws {
                let converted = convert(&mut self.converter, raw);
                self.note(raw, converted.effect(), &converted.notes)?;
                values.extend(converted.value);
            }
            self.arrive(table, |target| bring(target, &values))?;
            self.progress.advance(u64::try_from(raws.len()).unwrap_or(0));
        }
    }

    fn note(
        &mut self,
        raw: &Raw,
        effect: Option<Effect>,
        notes: &[Note],
    ) -> Result<(), ServiceError> {
        self.report.note(raw, effect, notes);
        match (&mut self.remarks, effect) {
            (Some(remarks), Some(effect)) if effect != Effect::Kept => {
                remarks.add(raw, effect, notes)
            }
            _ => Ok(()),
        }
    }

    fn arrive(
        &mut self,
        table: UpstreamTable,
        bring: impl FnOnce(&mut Target<'_>) -> Result<Arrived, StorageError>,
    ) -> Result<(), ServiceError> {
        // After a clash nothing is stored any more: what comes may belong to what did not.
        if self.target.is_storing() && !self.report.clashes.is_empty() {
            return Ok(());
        }
        let arrived = bring(self.target).map_err(|error| {
            let StorageError::Unique(index) = error else { return ServiceError::from(error) };
            ServiceError::AlreadyExists(format!(
                "a row of {table} has what another one in the database has ({index}); nothing was \
                 imported. Import into a database of its own"
            ))
        })?;
        self.report.arrive(table, arrived);
        Ok(())
    }

    fn agents(&mut self) -> Result<(), ServiceError> {
        let table = UpstreamTable::Agent;
        let mut sums = Sums::default();
        self.look_at(UpstreamTable::RewardLog, |converter, raw| {
            converter.add_to_sums(raw, &mut sums);
        })?;
        let mut ids = HashSet::new();
        self.look_at(table, |_, raw| ids.extend(raw.get("id").map(str::to_owned)))?;
        for (id, name) in self.target.agent_names()? {
            if !ids.contains(&id) {
                self.converter.reserve_name(name);
            }
        }
        let mut corrections: Vec<ScoreChange> = Vec::new();
        self.each(
            table,
            |converter, raw| {
                let converted = converter.agent(raw, &sums);
                let made = converted.value.as_ref().and_then(|agent| agent.correction.clone());
                corrections.extend(made);
                converted
            },
            |target, agents| target.agents(agents, &|key| hash(key.as_bytes())),
        )?;
        self.arrive(UpstreamTable::RewardLog, |target| target.score_changes(&corrections))
    }

    fn look_at(
        &mut self,
        table: UpstreamTable,
        mut look: impl FnMut(&Converter, &Raw),
    ) -> Result<(), ServiceError> {
        let mut after = None;
        loop {
            let (raws, last) = self.source.page(table, after)?;
            if raws.is_empty() {
                return Ok(());
            }
            after = last;
            for raw in &raws {
                look(&self.converter, raw);
            }
        }
    }

    /// Rules are few, and those for everything become one: all are taken at once.
    fn rules(&mut self) -> Result<(), ServiceError> {
        let table = UpstreamTable::Rule;
        let mut raws = Vec::new();
        self.look_at(table, |_, raw| raws.push(raw.clone()))?;
        let converted = self.converter.rules(&raws);
        let mut values: Vec<Rule> = Vec::new();
        for (raw, converted) in raws.iter().zip(converted) {
            self.note(raw, converted.effect(), &converted.notes)?;
            values.extend(converted.value);
        }
        let global = values.iter().find(|rule| rule.scope == RuleScope::Global);
        if let (Some(new), Some(there)) = (global, self.target.global_rule()?)
            && new.id != there.id
        {
            if there.content == self.shipped_rule {
                // The server's own first start put it there, and nobody touched it.
                self.target.delete_rule(there.id)?;
            } else {
                self.report.clash_with(&format!("rule {} (another global rule)", there.id));
            }
        }
        self.arrive(table, |target| target.rules(&values))?;
        self.progress.advance(u64::try_from(raws.len()).unwrap_or(0));
        Ok(())
    }

    fn requests(&mut self, table: UpstreamTable) -> Result<(), ServiceError> {
        let zone = self.days;
        let day_of = move |at| day(at, zone);
        self.each(table, Converter::request, |to, new| to.requests(new, &day_of))
    }

    fn without_place(&mut self, table: UpstreamTable) -> Result<(), ServiceError> {
        let set_aside = |_: &mut Converter, _: &Raw| Converted::<()> {
            value: None,
            notes: vec![Note::new(Finding::NoPlace, "id")],
        };
        self.each(table, set_aside, |_, _| Ok(Arrived::default()))
    }
}
