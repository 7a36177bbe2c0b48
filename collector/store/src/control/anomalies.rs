//! Anomalies: findings kept. The finding lies here whole, as JSON; what lists filter and sort by lies beside it.
//!
//! **Invariant: the columns are made from the anomaly in [`Anomalies::save`] and nowhere else**, so they cannot
//! disagree with it. What opens, resolves or relapses is decided in `core::anomaly`; this only keeps it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, Judgement, State},
    device::DeviceId,
    finding::{Kind, Severity, Subject},
};

use super::{Control, Result, json, like, micros::Micros};

/// Devices are written in groups of this many rows: PostgreSQL and SQLite limit the values of one statement.
const ROWS_AT_ONCE: usize = 500;

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "anomalies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: String,
        pub detector: String,
        pub cause: String,
        /// 0 info .. 4 critical.
        pub severity: i32,
        pub state: String,
        pub judgement: Option<String>,
        /// The subject, when it is one device.
        pub device: Option<Uuid>,
        /// Title and reasons in lower case, for search.
        pub words: String,
        pub opened_at: Micros,
        pub updated_at: Micros,
        pub resolved_at: Option<Micros>,
        pub relapses: i32,
        /// True when every device concerned is simulated.
        pub simulated: bool,
        pub finding: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Which devices an anomaly is about, row by row, so that "anomalies of my laptop" is an index look-up.
mod concern {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "anomaly_devices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub anomaly: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub anomaly: Anomaly,
    pub simulated: bool,
}

/// Whose anomalies a reader may see. `core::authority` decides; this carries the decision into the query.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// These kinds of every device.
    pub kinds: Vec<Kind>,
    /// Whatever is about one of these devices alone.
    pub own: Vec<DeviceId>,
    /// These kinds, when one of `own` is among many.
    pub shared: Vec<Kind>,
}

impl Scope {
    pub fn everything() -> Self {
        Self {
            kinds: Kind::ALL.to_vec(),
            ..Self::default()
        }
    }
}

/// Which anomalies; the default is all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub states: Vec<State>,
    pub kind: Option<Kind>,
    pub severity: Option<Severity>,
    pub device: Option<DeviceId>,
    pub words: String,
}

/// Place in the list: severity rank, last change, id.
pub type Place = (i32, Timestamp, Uuid);

impl Control {
    pub fn anomalies(&self) -> Anomalies<'_> {
        Anomalies {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Anomalies<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Anomalies<'_> {
    /// Writes the anomaly as it is now, new or known.
    pub async fn save(&self, anomaly: &Anomaly, simulated: bool) -> Result<()> {
        let on = self.control.begin().await?;
        let everything = [
            Column::Kind,
            Column::Detector,
            Column::Cause,
            Column::Severity,
            Column::State,
            Column::Judgement,
            Column::Device,
            Column::Words,
            Column::OpenedAt,
            Column::UpdatedAt,
            Column::ResolvedAt,
            Column::Relapses,
            Column::Simulated,
            Column::Finding,
        ];
        Entity::insert(model(anomaly, simulated))
            .on_conflict(
                OnConflict::column(Column::Id)
                    .update_columns(everything)
                    .to_owned(),
            )
            .exec_without_returning(&on)
            .await?;
        concern::Entity::delete_many()
            .filter(concern::Column::Anomaly.eq(anomaly.id))
            .exec(&on)
            .await?;
        let concerned: Vec<_> = concerned(anomaly)
            .into_iter()
            .map(|device| concern::ActiveModel {
                anomaly: Set(anomaly.id),
                device: Set(device),
            })
            .collect();
        for rows in concerned.chunks(ROWS_AT_ONCE) {
            concern::Entity::insert_many(rows.to_vec())
                .exec_without_returning(&on)
                .await?;
        }
        on.commit().await?;
        Ok(())
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Kept>> {
        Entity::find_by_id(id)
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    pub async fn all_of(&self, ids: Vec<Uuid>) -> Result<Vec<Kept>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let found = Entity::find()
            .filter(Column::Id.is_in(ids))
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// Everything the next round must know: what is not resolved, and what was resolved since `since` (it may relapse).
    pub async fn known(&self, since: Timestamp) -> Result<Vec<Kept>> {
        let query = Entity::find()
            .filter(
                Column::State
                    .ne(json::word(&State::Resolved))
                    .or(Column::ResolvedAt.gte(Micros::from(since))),
            )
            .order_by_asc(Column::OpenedAt)
            .order_by_asc(Column::Id);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// Most severe first, then newest change, from behind `after` on.
    pub async fn list(
        &self,
        wanted: &Wanted,
        scope: &Scope,
        after: Option<Place>,
        limit: u64,
    ) -> Result<Vec<Kept>> {
        let mut query = narrowed(wanted, scope);
        if let Some((severity, at, id)) = after {
            let at = Micros::from(at);
            query = query.filter(
                Condition::any()
                    .add(Column::Severity.lt(severity))
                    .add(Column::Severity.eq(severity).and(Column::UpdatedAt.lt(at)))
                    .add(
                        Column::Severity
                            .eq(severity)
                            .and(Column::UpdatedAt.eq(at))
                            .and(Column::Id.lt(id)),
                    ),
            );
        }
        let found = query
            .order_by_desc(Column::Severity)
            .order_by_desc(Column::UpdatedAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// How many of each kind.
    pub async fn counts(&self, wanted: &Wanted, scope: &Scope) -> Result<Vec<(Kind, u64)>> {
        let counts: Vec<(String, i64)> = narrowed(wanted, scope)
            .select_only()
            .column(Column::Kind)
            .column_as(Column::Id.count(), "anomalies")
            .group_by(Column::Kind)
            .into_tuple()
            .all(self.db)
            .await?;
        counts
            .into_iter()
            .map(|(kind, count)| {
                Ok((
                    json::from_word("a kind", &kind)?,
                    u64::try_from(count).unwrap_or(0),
                ))
            })
            .collect()
    }

    /// How many unresolved anomalies of these kinds concern each device.
    pub async fn open_by_device(&self, kinds: &[Kind]) -> Result<Vec<(DeviceId, u64)>> {
        let open = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.ne(json::word(&State::Resolved)))
            .filter(Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())));
        let counts: Vec<(Uuid, i64)> = concern::Entity::find()
            .select_only()
            .column(concern::Column::Device)
            .column_as(concern::Column::Anomaly.count(), "anomalies")
            .filter(concern::Column::Anomaly.in_subquery(open.into_query()))
            .group_by(concern::Column::Device)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(counts
            .into_iter()
            .map(|(device, count)| (DeviceId(device), u64::try_from(count).unwrap_or(0)))
            .collect())
    }

    /// A person's step: the state and judgement alone. False when there is no such anomaly.
    pub async fn decide(
        &self,
        id: Uuid,
        state: State,
        judgement: Option<Judgement>,
        at: Timestamp,
    ) -> Result<bool> {
        let resolved = (state == State::Resolved).then(|| at.as_microsecond());
        let mut update = Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(Column::UpdatedAt, Expr::value(at.as_microsecond()))
            .col_expr(Column::ResolvedAt, Expr::value(resolved))
            .filter(Column::Id.eq(id));
        if let Some(judgement) = judgement {
            update = update.col_expr(Column::Judgement, Expr::value(json::word(&judgement)));
        }
        Ok(update.exec(self.db).await?.rows_affected > 0)
    }
}

/// The rank by which lists are sorted.
pub fn rank(severity: Severity) -> i32 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

fn narrowed(wanted: &Wanted, scope: &Scope) -> Select<Entity> {
    let about = |devices: Vec<Uuid>| {
        let concerned = concern::Entity::find()
            .select_only()
            .column(concern::Column::Anomaly)
            .filter(concern::Column::Device.is_in(devices));
        Column::Id.in_subquery(concerned.into_query())
    };
    let words = |kinds: &[Kind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let mut allowed = Condition::any().add(Column::Kind.is_in(words(&scope.kinds)));
    if !scope.own.is_empty() {
        let own: Vec<Uuid> = scope.own.iter().map(|device| device.0).collect();
        let among_many = Condition::all()
            .add(Column::Device.is_null())
            .add(Column::Kind.is_in(words(&scope.shared)))
            .add(about(own.clone()));
        allowed = allowed.add(Column::Device.is_in(own)).add(among_many);
    }
    let mut query = Entity::find().filter(allowed);
    if !wanted.states.is_empty() {
        query = query.filter(Column::State.is_in(wanted.states.iter().map(json::word)));
    }
    if let Some(kind) = wanted.kind {
        query = query.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(severity) = wanted.severity {
        query = query.filter(Column::Severity.eq(rank(severity)));
    }
    if let Some(device) = wanted.device {
        query = query.filter(about(vec![device.0]));
    }
    like::terms(&wanted.words)
        .iter()
        .fold(query, |query, term| {
            query.filter(like::contains_lower(Column::Words, term))
        })
}

fn concerned(anomaly: &Anomaly) -> BTreeSet<Uuid> {
    let subject = match &anomaly.finding.subject {
        Subject::Device(device) => Some(device.0),
        Subject::Cohort(_) => None,
    };
    anomaly
        .finding
        .devices
        .iter()
        .map(|device| device.0)
        .chain(subject)
        .collect()
}

fn model(anomaly: &Anomaly, simulated: bool) -> ActiveModel {
    let finding = &anomaly.finding;
    let device = match &finding.subject {
        Subject::Device(device) => Some(device.0),
        Subject::Cohort(_) => None,
    };
    let words = format!(
        "{}\n{}\n{}",
        finding.title,
        finding.why.join("\n"),
        finding.detector
    );
    ActiveModel {
        id: Set(anomaly.id),
        kind: Set(finding.kind.as_str().to_owned()),
        detector: Set(finding.detector.clone()),
        cause: Set(finding.cause.clone()),
        severity: Set(rank(finding.severity)),
        state: Set(json::word(&anomaly.state)),
        judgement: Set(anomaly.judgement.as_ref().map(json::word)),
        device: Set(device),
        words: Set(words.to_lowercase()),
        opened_at: Set(anomaly.opened_at.into()),
        updated_at: Set(anomaly.updated_at.into()),
        resolved_at: Set(anomaly.resolved_at.map(Micros::from)),
        relapses: Set(i32::try_from(anomaly.relapses).unwrap_or(i32::MAX)),
        simulated: Set(simulated),
        finding: Set(json::write(finding)),
    }
}

fn read(row: Model) -> Result<Kept> {
    Ok(Kept {
        anomaly: Anomaly {
            id: row.id,
            state: json::from_word("the state of an anomaly", &row.state)?,
            judgement: row
                .judgement
                .map(|word| json::from_word("the judgement of an anomaly", &word))
                .transpose()?,
            opened_at: row.opened_at.into(),
            updated_at: row.updated_at.into(),
            resolved_at: row.resolved_at.map(Timestamp::from),
            relapses: u32::try_from(row.relapses).unwrap_or(0),
            finding: json::read("the finding of an anomaly", &row.finding)?,
        },
        simulated: row.simulated,
    })
}

#[cfg(test)]
mod tests;
