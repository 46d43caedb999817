/// The one list of the metrics that the agent exports: names, types, units, help and labels.
///
/// Prometheus scrapes them, and the agent's own rules read the very same series. A metric that is not here does not exist.
public enum MetricCatalog {
    // MARK: Targets

    public static let up = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_up", help: "Whether the target answered the last look at it.")

    public static let sampleDuration = HistogramMetric<TierLabels>(
        "lockkeeper_sample_duration_seconds", unit: .seconds,
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        help: "How long a look at the target took, from asking to the complete answer or to giving up.")

    public static let samples = NumberMetric<SampleLabels>.counter(
        "lockkeeper_samples_total", help: "Looks at the target by outcome: ok, or why nothing could be seen.")

    public static let lastSample = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_last_sample_timestamp_seconds", unit: .seconds,
        help: "When the target was last seen, in seconds since the Unix epoch.")

    // MARK: Migrations

    public static let migrationRunning = NumberMetric<ToolLabels>.gauge(
        "lockkeeper_migration_running", help: "Migration runs in flight.")

    public static let migrationDuration = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_duration_seconds", unit: .seconds,
        help: "How long the migration has been running by the server's clock; only while it runs.")

    public static let migrationWaiting = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_waiting_seconds", unit: .seconds,
        help: "How long the running migration has itself been waiting for a lock, 0 while it does not wait.")

    public static let migrationBlockedSessions = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_blocked_sessions",
        help: "Sessions that the running migration holds up, directly or through a queue.")

    public static let migrationBlocked = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_blocked_seconds", unit: .seconds,
        help: "The longest wait of a session that the running migration holds up, 0 while it holds up none.")

    public static let migrationProgress = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_progress_ratio", unit: .ratio,
        help:
            "How much of the present phase of the running migration's command is done; only where the server counts its work."
    )

    public static let migrationRemaining = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_remaining_seconds", unit: .seconds,
        help: "How long the rest of that phase takes at the rate of the last minute; only while that means anything.")

    public static let migrationStepsDone = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_steps_done",
        help: "Migrations of the running run that are done, committed or not; only where its history tells.")

    public static let migrationSteps = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_steps",
        help: "Migrations that the running run was to apply; only where the folder and its history tell.")

    public static let migrationState = NumberMetric<RunStateLabels>.gauge(
        "lockkeeper_migration_state", help: "How the running migration stands: 1 for the state that it is in, else 0.")

    public static let migrations = NumberMetric<RunOutcomeLabels>.counter(
        "lockkeeper_migrations_total", help: "Finished migration runs by outcome.")

    public static let migrationLastDuration = NumberMetric<ToolLabels>.gauge(
        "lockkeeper_migration_last_duration_seconds", unit: .seconds,
        help: "How long the last finished migration run took.")

    public static let migrationLastFinished = NumberMetric<ToolLabels>.gauge(
        "lockkeeper_migration_last_finished_timestamp_seconds", unit: .seconds,
        help: "When the last migration run finished, in seconds since the Unix epoch.")

    public static let migrationLastFailed = NumberMetric<RunLabels>.gauge(
        "lockkeeper_migration_last_failed",
        help: "Whether the last finished migration run of the tool in the database failed or was cancelled.")

    public static let migrationsPending = NumberMetric<ToolLabels>.gauge(
        "lockkeeper_migrations_pending",
        help: "Migrations that are in the folder and not yet in the database's history.")

    public static let migrationsSkipped = NumberMetric<ToolLabels>.gauge(
        "lockkeeper_migrations_skipped",
        help: "Migrations that the tool will never apply, since the history has gone past them.")

    // MARK: Locks and sessions

    public static let locks = NumberMetric<LockLabels>.gauge(
        "lockkeeper_locks", help: "Heavyweight locks that are held or waited for, by mode.")

    public static let lockWaiters = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_lock_waiters", help: "Sessions that wait for a lock.")

    public static let lockOldestWait = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_lock_oldest_wait_seconds", unit: .seconds, help: "The longest present wait for a lock.")

    public static let lockRootBlockers = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_lock_root_blockers",
        help: "Sessions and prepared transactions that others wait for and that wait for no lock themselves.")

    public static let sessions = NumberMetric<SessionLabels>.gauge(
        "lockkeeper_sessions", help: "Client sessions by state.")

    public static let oldestTransaction = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_oldest_transaction_seconds", unit: .seconds, help: "The age of the oldest open transaction.")

    public static let idleInTransactionOldest = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_idle_in_transaction_oldest_seconds", unit: .seconds,
        help:
            "The longest time that a session, no migration's and no pg_dump's, has been idle with its transaction open."
    )

    // MARK: Rules, incidents, notifications

    public static let alerts = NumberMetric<AlertLabels>.gauge(
        "lockkeeper_alerts", help: "Alerts of the agent's own rules that are pending or firing.")

    public static let incidents = NumberMetric<IncidentLabels>.gauge(
        "lockkeeper_incidents", help: "Incidents by severity and status.")

    public static let ruleEvaluation = HistogramMetric<NoLabels>(
        "lockkeeper_rule_evaluation_seconds", unit: .seconds,
        buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
        help: "How long one evaluation of all rules took.")

    public static let ruleFailures = NumberMetric<RuleLabels>.counter(
        "lockkeeper_rule_failures_total", help: "Evaluations of the rule that failed, leaving its alerts as they were.")

    public static let notifications = NumberMetric<NotificationLabels>.counter(
        "lockkeeper_notifications_total",
        help: "Attempts to deliver a notification by outcome, and notifications that a newer one has made needless.")

    public static let outboxPending = NumberMetric<ReceiverLabels>.gauge(
        "lockkeeper_outbox_pending", help: "Notifications that are yet to be delivered.")

    public static let outboxOldest = NumberMetric<ReceiverLabels>.gauge(
        "lockkeeper_outbox_oldest_seconds", unit: .seconds,
        help: "How long the oldest undelivered notification has been waiting, 0 without one.")

    public static let notificationLastSuccess = NumberMetric<ReceiverLabels>.gauge(
        "lockkeeper_notification_last_success_timestamp_seconds", unit: .seconds,
        help: "When a notification last reached the receiver, in seconds since the Unix epoch.")

    // MARK: The agent itself

    public static let configLastReloadSuccessful = NumberMetric<NoLabels>.gauge(
        "lockkeeper_config_last_reload_successful",
        help: "Whether the last attempt to load the configuration worked; if not, the one before is still in force.")

    public static let configLastReloadSuccess = NumberMetric<NoLabels>.gauge(
        "lockkeeper_config_last_reload_success_timestamp_seconds", unit: .seconds,
        help: "When the configuration in force was loaded, in seconds since the Unix epoch.")

    public static let build = NumberMetric<BuildLabels>.info(
        "lockkeeper_build_info", help: "The agent's version; always 1.")

    public static let processCPU = NumberMetric<NoLabels>.counter(
        "process_cpu_seconds_total", unit: .seconds, help: "CPU time that the agent has used in user and system mode.")

    public static let processResidentMemory = NumberMetric<NoLabels>.gauge(
        "process_resident_memory_bytes", unit: .bytes, help: "The agent's resident memory.")

    public static let processVirtualMemory = NumberMetric<NoLabels>.gauge(
        "process_virtual_memory_bytes", unit: .bytes, help: "The agent's virtual memory.")

    public static let processStartTime = NumberMetric<NoLabels>.gauge(
        "process_start_time_seconds", unit: .seconds,
        help: "When the agent's process began, in seconds since the Unix epoch.")

    public static let processOpenFDs = NumberMetric<NoLabels>.gauge(
        "process_open_fds", help: "File descriptors that the agent has open.")

    public static let processMaxFDs = NumberMetric<NoLabels>.gauge(
        "process_max_fds", help: "File descriptors that the agent may have open.")

    public static let processThreads = NumberMetric<NoLabels>.gauge(
        "process_threads", help: "Threads of the agent.")

    // MARK: All of them

    /// What each metric is, sorted by name.
    public static let all: [MetricDescriptor] =
        (generalFamilies + lockFamilies + performanceFamilies + processFamilies + healthFamilies + diagnosisFamilies
        + heartbeatFamilies + leadershipFamilies)
        .sorted { $0.name < $1.name }

    /// Those of this file; the others' files have lists of their own.
    private static let generalFamilies: [MetricDescriptor] = [
        up.descriptor, sampleDuration.descriptor, samples.descriptor, lastSample.descriptor,
        migrationRunning.descriptor, migrationDuration.descriptor, migrationWaiting.descriptor,
        migrationBlockedSessions.descriptor, migrationBlocked.descriptor, migrationProgress.descriptor,
        migrationRemaining.descriptor, migrationStepsDone.descriptor, migrationSteps.descriptor,
        migrationState.descriptor,
        migrations.descriptor, migrationLastDuration.descriptor, migrationLastFinished.descriptor,
        migrationLastFailed.descriptor, migrationsPending.descriptor, migrationsSkipped.descriptor,
        locks.descriptor, lockWaiters.descriptor, lockOldestWait.descriptor, lockRootBlockers.descriptor,
        sessions.descriptor, oldestTransaction.descriptor, idleInTransactionOldest.descriptor,
        alerts.descriptor, incidents.descriptor, ruleEvaluation.descriptor, ruleFailures.descriptor,
        notifications.descriptor, outboxPending.descriptor, outboxOldest.descriptor,
        notificationLastSuccess.descriptor,
        configLastReloadSuccessful.descriptor, configLastReloadSuccess.descriptor, build.descriptor,
        processCPU.descriptor, processResidentMemory.descriptor, processVirtualMemory.descriptor,
        processStartTime.descriptor, processOpenFDs.descriptor, processMaxFDs.descriptor, processThreads.descriptor,
    ]
}
