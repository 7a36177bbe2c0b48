//! A control database for one test: SQLite in a temporary directory, or, where `WEFT_TEST_POSTGRES` names a server's
//! database, a new database on that server, so that every test here runs on both.

#![allow(clippy::unwrap_used)]

use sea_orm::{ConnectionTrait as _, Database};
use uuid::Uuid;

use super::Control;

pub async fn control() -> (tempfile::TempDir, Control) {
    let dir = tempfile::tempdir().unwrap();
    let url = match std::env::var("WEFT_TEST_POSTGRES") {
        Ok(server) => new_database(&server).await,
        Err(_) => format!("sqlite:{}", dir.path().join("weft.db").display()),
    };
    let control = Control::connect(&url).await.unwrap();
    (dir, control)
}

async fn new_database(server: &str) -> String {
    let name = format!("weft_test_{}", Uuid::new_v4().simple());
    let db = Database::connect(server).await.unwrap();
    db.execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}
