//! The service of Windows: LocalSystem, delayed start, restarted when it fails; stops on the manager's word.
//!
//! Invariant: the manager hears "running" before the first look and "stopped" after the last; words go to a file, because a
//! service has no standard error.

use std::{ffi::OsString, path::Path, sync::mpsc, time::Duration};

use windows_service::{
    define_windows_service,
    service::{
        ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept,
        ServiceErrorControl, ServiceExitCode, ServiceFailureActions, ServiceFailureResetPeriod,
        ServiceInfo, ServiceStartType, ServiceState, ServiceStatus, ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use super::{NAME, ServiceError};
use crate::{agent, cli};

/// ERROR_ACCESS_DENIED, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_EXISTS, ERROR_FAILED_SERVICE_CONTROLLER_CONNECT.
const DENIED: i32 = 5;
const UNKNOWN: i32 = 1060;
const EXISTS: i32 = 1073;
const NO_MANAGER: i32 = 1063;

/// Restarted after a minute, three times a day.
const RESTART_AFTER: Duration = Duration::from_secs(60);
const FAILURES_FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

fn code(error: &windows_service::Error) -> Option<i32> {
    match error {
        windows_service::Error::Winapi(io) => io.raw_os_error(),
        _ => None,
    }
}

fn refused(what: &'static str) -> impl Fn(windows_service::Error) -> ServiceError {
    move |error| match code(&error) {
        Some(DENIED) => ServiceError::Rights("an administrator's console"),
        Some(NO_MANAGER) => ServiceError::NotAService,
        _ => ServiceError::Refused {
            what,
            why: match &error {
                windows_service::Error::Winapi(io) => io.to_string(),
                other => other.to_string(),
            },
        },
    }
}

pub(super) fn install(program: &Path) -> Result<(), ServiceError> {
    let manager = ServiceManager::local_computer(
        None::<&str>,
        ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE,
    )
    .map_err(refused("answer"))?;
    let info = ServiceInfo {
        name: NAME.into(),
        display_name: "Weft agent".into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program.to_owned(),
        launch_arguments: vec!["service".into(), "run".into()],
        dependencies: Vec::new(),
        // LocalSystem.
        account_name: None,
        account_password: None,
    };
    let access = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START | ServiceAccess::QUERY_STATUS;
    let service = match manager.create_service(&info, access) {
        Err(error) if code(&error) == Some(EXISTS) => {
            let service = manager
                .open_service(NAME, access)
                .map_err(refused("open the service"))?;
            service
                .change_config(&info)
                .map_err(refused("change the service"))?;
            service
        }
        other => other.map_err(refused("create the service"))?,
    };
    let restart = ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: RESTART_AFTER,
    };
    service
        .set_description("Restarts, programs and apps of this laptop, for its owner and IT")
        .and_then(|()| service.set_delayed_auto_start(true))
        .and_then(|()| {
            service.update_failure_actions(ServiceFailureActions {
                reset_period: ServiceFailureResetPeriod::After(FAILURES_FORGOTTEN),
                reboot_msg: None,
                command: None,
                actions: Some(vec![restart.clone(), restart.clone(), restart]),
            })
        })
        .map_err(refused("configure the service"))?;
    let is_running = service
        .query_status()
        .is_ok_and(|status| status.current_state == ServiceState::Running);
    if is_running {
        return Ok(());
    }
    service
        .start::<OsString>(&[])
        .map_err(refused("start the service"))
}

pub(super) fn uninstall() -> Result<(), ServiceError> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .map_err(refused("answer"))?;
    let access = ServiceAccess::STOP | ServiceAccess::DELETE | ServiceAccess::QUERY_STATUS;
    let service = match manager.open_service(NAME, access) {
        Err(error) if code(&error) == Some(UNKNOWN) => return Ok(()),
        other => other.map_err(refused("open the service"))?,
    };
    // One that does not run cannot be stopped; it is removed all the same.
    let _ = service.stop();
    service.delete().map_err(refused("remove the service"))
}

define_windows_service!(entry, main);

pub(super) fn run() -> Result<(), ServiceError> {
    service_dispatcher::start(NAME, entry).map_err(refused("run the service"))
}

fn main(_arguments: Vec<OsString>) {
    let (stop, stopped) = mpsc::channel::<()>();
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Preshutdown | ServiceControl::Shutdown => {
            // A second word finds nobody listening, which is as it should be.
            let _ = stop.send(());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(handle) = service_control_handler::register(NAME, handler) else {
        return;
    };
    let tell = |state, accept, code| {
        // The manager is the only one who could be told that it does not listen.
        let _ = handle.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: accept,
            exit_code: ServiceExitCode::ServiceSpecific(code),
            checkpoint: 0,
            wait_hint: agent::DRAIN + Duration::from_secs(2),
            process_id: None,
        });
    };
    let stops = ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN;
    tell(ServiceState::Running, stops, 0);
    let code = cli::serve(stopped);
    tell(
        ServiceState::Stopped,
        ServiceControlAccept::empty(),
        u32::from(code),
    );
}
