//! Stories of what runs out: each rewrites one laptop's daily figures from the story's first day on.

use rand::Rng as _;

use super::Stage;

/// Between one and five percent of the disk a day, to the brim; somebody cleans up a little on the way.
pub fn disk_fill(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let first = stage.day as usize;
    let begin = stage.random.random_range(0.55..0.7);
    let slope = stage.random.random_range(0.012..0.03);
    let full_in: f64 = (0.99 - begin) / slope;
    stage.awake(device, full_in + 4.0);
    // Its level before was the same, without a trend.
    for day in 0..first {
        stage.world.figures[device].disk[day] = begin + stage.random.random_range(-0.004..0.004);
    }
    for day in first..stage.world.days {
        let used = begin + slope * (day - first) as f64 + stage.random.random_range(-0.006..0.006);
        stage.world.figures[device].disk[day] = used.min(0.995);
    }
    // Three days before it is full is the last moment that helps.
    stage.expect("capacity.disk", &[], &[device], (full_in - 3.0, 60.0));
    Some(())
}

/// One large copy, and hardly anything is left.
pub fn disk_full(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let first = stage.day as usize;
    stage.awake(device, 5.0);
    for day in first..stage.world.days {
        stage.world.figures[device].disk[day] = stage.random.random_range(0.971..0.985);
    }
    stage.expect("capacity.disk", &[], &[device], (2.0, 60.0));
    Some(())
}

pub fn battery(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let first = stage.day as usize;
    for day in 0..stage.world.days {
        let worn = 0.62 - 0.004 * (day as f64 - first as f64);
        stage.world.figures[device].battery[day] =
            worn.clamp(0.3, 0.95) + stage.random.random_range(-0.01..0.01);
    }
    // Below 60 % after five days; two weekly readings more.
    stage.expect("capacity.battery", &[], &[device], (28.0, 60.0));
    Some(())
}

pub fn throttling(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let first = stage.day as usize;
    stage.awake(device, 14.0);
    for day in first..stage.world.days {
        stage.world.figures[device].throttled[day] = stage.random.random_range(0.18..0.6);
    }
    stage.expect("capacity.throttled", &[], &[device], (8.0, 60.0));
    Some(())
}

pub fn memory(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let first = stage.day as usize;
    stage.awake(device, 14.0);
    for day in first..stage.world.days {
        stage.world.figures[device].memory[day] = stage.random.random_range(0.22..0.6);
    }
    stage.expect("capacity.memory", &[], &[device], (8.0, 60.0));
    Some(())
}
