//! Grafana boards, ready to be provisioned: JSON for the ClickHouse data source plugin (4.20 or newer, Grafana 11.6 or newer).
//!
//! **Invariant: a board asks only what the store answers**; a test in `collector/store` runs every query of every board.

/// (file name, JSON)
pub const BOARDS: [(&str, &str); 4] = [
    ("fleet.json", include_str!("../grafana/fleet.json")),
    ("reboots.json", include_str!("../grafana/reboots.json")),
    ("apps.json", include_str!("../grafana/apps.json")),
    ("books.json", include_str!("../grafana/books.json")),
];
