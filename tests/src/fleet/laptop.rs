//! Who is in the fleet: five models, five teams, one person each.

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};

/// A model as its maker sells it, and what comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    pub maker: &'static str,
    pub name: &'static str,
    pub identifier: &'static str,
    pub os_type: &'static str,
    pub os_name: &'static str,
    pub os_version: &'static str,
    pub os_build: &'static str,
    pub cpu: &'static str,
    pub graphics: (&'static str, &'static str),
    pub memory: u64,
    pub disk: u64,
}

const GIB: u64 = 1 << 30;

pub const MODELS: [Model; 5] = [
    Model {
        maker: "Lenovo",
        name: "ThinkPad T14 Gen 3",
        identifier: "21AHS0LK00",
        os_type: "windows",
        os_name: "Windows 11 Pro",
        os_version: "10.0.22631",
        os_build: "22631.4460",
        cpu: "12th Gen Intel Core i5-1245U",
        graphics: ("Intel Iris Xe driver", "31.0.101.5186"),
        memory: 16 * GIB,
        disk: 512 * GIB,
    },
    Model {
        maker: "Dell",
        name: "Latitude 5440",
        identifier: "0C8D",
        os_type: "windows",
        os_name: "Windows 11 Pro",
        os_version: "10.0.22631",
        os_build: "22631.4460",
        cpu: "13th Gen Intel Core i5-1345U",
        graphics: ("Intel Iris Xe driver", "31.0.101.5186"),
        memory: 16 * GIB,
        disk: 512 * GIB,
    },
    Model {
        maker: "HP",
        name: "EliteBook 840 G10",
        identifier: "8B41",
        os_type: "windows",
        os_name: "Windows 11 Pro",
        os_version: "10.0.26100",
        os_build: "26100.2314",
        cpu: "13th Gen Intel Core i7-1355U",
        graphics: ("Intel Iris Xe driver", "31.0.101.5186"),
        memory: 32 * GIB,
        disk: 1024 * GIB,
    },
    Model {
        maker: "Apple",
        name: "MacBook Air M2",
        identifier: "Mac14,2",
        os_type: "darwin",
        os_name: "macOS",
        os_version: "15.1",
        os_build: "24B83",
        cpu: "Apple M2",
        graphics: ("Apple GPU driver", "24.1.0"),
        memory: 16 * GIB,
        disk: 512 * GIB,
    },
    Model {
        maker: "Framework",
        name: "Laptop 13 (AMD Ryzen 7040)",
        identifier: "FRANMDCP07",
        os_type: "linux",
        os_name: "Ubuntu",
        os_version: "24.04",
        os_build: "6.8.0-49-generic",
        cpu: "AMD Ryzen 7 7840U",
        graphics: ("amdgpu", "6.8.0-49"),
        memory: 32 * GIB,
        disk: 1024 * GIB,
    },
];

pub const TEAMS: [&str; 5] = ["Sales", "Engineering", "Finance", "Design", "Support"];

const FIRST: [&str; 40] = [
    "Amara", "Ben", "Chiara", "Dev", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Keiko",
    "Luca", "Mira", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tala", "Uma", "Victor",
    "Wanda", "Xin", "Yara", "Zoe", "Anton", "Bilal", "Clara", "Dario", "Emma", "Finn", "Gita",
    "Hana", "Igor", "Julia", "Karim", "Lena", "Marco", "Nadia",
];
const LAST: [&str; 12] = [
    "Okafor", "Lindt", "Rossi", "Mehta", "Yilmaz", "Haddad", "Kim", "Moreau", "Silva", "Berg",
    "Tanaka", "Novak",
];

/// One invented laptop and its person.
#[derive(Clone, Debug)]
pub struct Laptop {
    pub index: u32,
    /// As IT names it, e.g. "LT-0007".
    pub name: String,
    pub model: Model,
    pub team: &'static str,
    pub owner_login: String,
    pub owner_name: String,
    /// Hours east of UTC.
    pub zone: i8,
    pub battery_health: f64,
    /// Bytes used on the main disk at the start, and its growth per day.
    pub disk_used: u64,
    pub disk_per_day: u64,
}

impl Laptop {
    pub fn invent(seed: u64, index: u32) -> Self {
        let mut random =
            SmallRng::seed_from_u64(seed ^ u64::from(index).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let model = model_of(index, &mut random);
        // Teams go round so that every team has every size of fleet behind it.
        let team = TEAMS[index as usize % TEAMS.len()];
        let first = FIRST[index as usize % FIRST.len()];
        let last = LAST[(index as usize / FIRST.len() + index as usize * 5) % LAST.len()];
        let round = index as usize / FIRST.len();
        let owner_login = if round == 0 {
            format!("{}.{}", first.to_lowercase(), last.to_lowercase())
        } else {
            format!("{}.{}{round}", first.to_lowercase(), last.to_lowercase())
        };
        Self {
            index,
            name: format!("LT-{:04}", index + 1),
            team,
            owner_login,
            owner_name: format!("{first} {last}"),
            zone: *[0i8, 1, 1, 1, 2].choose(&mut random).unwrap_or(&1),
            battery_health: random.random_range(0.82..1.0),
            disk_used: (model.disk as f64 * random.random_range(0.25..0.6)) as u64,
            disk_per_day: random.random_range(20..400) << 20,
            model,
        }
    }

    /// Maker and model, as the collector joins them.
    pub fn model_name(&self) -> String {
        format!("{} {}", self.model.maker, self.model.name)
    }
}

/// A quarter Latitudes and T14s each (stories need a crowd), the rest shared out.
fn model_of(index: u32, random: &mut SmallRng) -> Model {
    match index % 8 {
        0 | 3 => MODELS[0],
        1 | 6 => MODELS[1],
        4 => MODELS[3],
        7 if TEAMS[index as usize % TEAMS.len()] == "Engineering" => MODELS[4],
        _ => *MODELS.choose(random).unwrap_or(&MODELS[2]),
    }
}
