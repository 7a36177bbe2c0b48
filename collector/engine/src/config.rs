//! The files that the child reads: server settings and users. Written anew at each start of an [`crate::Engine`].
//!
//! **Invariant: an anonymous client can read nothing.** The engine's own session logs in as `default` from this machine
//! without a password, so `default` must exist; it may only open the listener. The collector's user has the password
//! that stands here, which is why the files are for their owner only (0600).

use std::{
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{Error, directory_error};

/// The collector's user inside the engine.
pub const USER: &str = "weft";

/// Share of the machine's memory that the engine may take; the collector and the laptop's person need the rest.
const MEMORY_SHARE: f64 = 0.5;

/// Threads that merge and move parts. The default (16) is made for servers that do nothing else.
const BACKGROUND_THREADS: u32 = 4;

/// By. Marks and uncompressed blocks kept in memory; the defaults (5 GiB, 8 GiB) are made for servers.
const CACHE: u64 = 128 * 1024 * 1024;

/// The layout of an engine's directory.
#[derive(Clone, Debug)]
pub struct Files {
    pub config: PathBuf,
    pub log: PathBuf,
    users: PathBuf,
    data: PathBuf,
}

impl Files {
    pub fn under(root: &Path) -> Self {
        Self {
            config: root.join("config.xml"),
            log: root.join("engine.log"),
            users: root.join("users.xml"),
            data: root.join("data"),
        }
    }

    pub fn write(&self, port: u16, password: &str) -> Result<(), Error> {
        let mut directories = std::fs::DirBuilder::new();
        directories.recursive(true).mode(0o700);
        directories
            .create(&self.data)
            .map_err(directory_error(&self.data))?;
        write_private(&self.users, &users(password))?;
        write_private(&self.config, &self.server(port))
    }

    fn server(&self, port: u16) -> String {
        let data = escape(&self.data.display().to_string());
        let users = escape(&self.users.display().to_string());
        format!(
            r#"<clickhouse>
  <path>{data}/</path>
  <tmp_path>{data}/tmp/</tmp_path>
  <users_config>{users}</users_config>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <default_profile>default</default_profile>
  <timezone>UTC</timezone>
  <logger><level>warning</level><console>true</console></logger>
  <max_server_memory_usage_to_ram_ratio>{MEMORY_SHARE}</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>{CACHE}</mark_cache_size>
  <uncompressed_cache_size>{CACHE}</uncompressed_cache_size>
  <background_pool_size>{BACKGROUND_THREADS}</background_pool_size>
  <background_schedule_pool_size>{BACKGROUND_THREADS}</background_schedule_pool_size>
  <merge_tree><number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation><number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge><number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition></merge_tree>
  <send_crash_reports><enabled>false</enabled></send_crash_reports>
</clickhouse>
"#
        )
    }
}

fn users(password: &str) -> String {
    format!(
        r#"<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <{USER}>
      <password>{password}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants>
    </{USER}>
  </users>
</clickhouse>
"#
    )
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let write = || {
        // Removed first: a mode given to `open` does not change that of a file that exists.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(directory_error(path))
}

/// Text inside an XML element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
