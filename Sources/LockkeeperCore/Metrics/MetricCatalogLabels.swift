extension MetricCatalog {
    /// `{target}`
    public struct TargetLabels: MetricLabelSet {
        public static let names = ["target"]
        public var target: String
        public var values: [String] { [target] }

        public init(target: String) {
            self.target = target
        }
    }

    /// `{target,database}`
    public struct DatabaseLabels: MetricLabelSet {
        public static let names = ["target", "database"]
        public var target: String
        public var database: String
        public var values: [String] { [target, database] }

        public init(target: String, database: String) {
            self.target = target
            self.database = database
        }
    }

    /// `{target,database,tool}`
    public struct ToolLabels: MetricLabelSet {
        public static let names = ["target", "database", "tool"]
        public var target: String
        public var database: String
        public var tool: String
        public var values: [String] { [target, database, tool] }

        public init(target: String, database: String, tool: String) {
            self.target = target
            self.database = database
            self.tool = tool
        }

        public init(_ run: MigrationRun) {
            self.init(target: run.target, database: run.database, tool: run.tool)
        }
    }

    /// `{target,database,tool,migration,run}`: one run of a migration.
    public struct RunLabels: MetricLabelSet {
        public static let names = ["target", "database", "tool", "migration", "run"]
        public var target: String
        public var database: String
        public var tool: String
        /// The names of the run's migrations, or "" where they are not known.
        public var migration: String
        public var run: String
        public var values: [String] { [target, database, tool, migration, run] }

        public init(_ run: MigrationRun) {
            target = run.target
            database = run.database
            tool = run.tool
            migration = run.migrationLabel
            self.run = run.id
        }
    }

    /// `{target,database,tool,migration,run,state}`
    public struct RunStateLabels: MetricLabelSet {
        public static let names = RunLabels.names + ["state"]
        public var run: RunLabels
        public var state: RunState
        public var values: [String] { run.values + [state.rawValue] }

        public init(_ run: MigrationRun, state: RunState) {
            self.run = RunLabels(run)
            self.state = state
        }
    }

    /// `{target,database,tool,outcome}`
    public struct RunOutcomeLabels: MetricLabelSet {
        public static let names = ToolLabels.names + ["outcome"]
        /// The values that `outcome` can have: a counter that is at 0 from the start shows its first increase.
        public static let outcomes = ["committed", "failed", "cancelled", "lost", "unseen"]
        public var tool: ToolLabels
        /// `Outcome.label`
        public var outcome: String
        public var values: [String] { tool.values + [outcome] }

        public init(_ tool: ToolLabels, outcome: String) {
            self.tool = tool
            self.outcome = outcome
        }
    }

    /// `{target,database,mode,granted}`
    public struct LockLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["mode", "granted"]
        public var database: DatabaseLabels
        /// As `pg_locks` spells it: `AccessExclusiveLock`.
        public var mode: LockMode
        public var isGranted: Bool
        public var values: [String] { database.values + [mode.rawValue, isGranted ? "true" : "false"] }

        public init(_ database: DatabaseLabels, mode: LockMode, isGranted: Bool) {
            self.database = database
            self.mode = mode
            self.isGranted = isGranted
        }
    }

    /// `{target,database,state}`
    public struct SessionLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["state"]
        public var database: DatabaseLabels
        /// As `pg_stat_activity` spells it: `idle in transaction`.
        public var state: Session.State
        public var values: [String] { database.values + [state.rawValue] }

        public init(_ database: DatabaseLabels, state: Session.State) {
            self.database = database
            self.state = state
        }
    }

    /// `{alertname,alertstate,severity,…}`, with whatever labels the rule and its expression give.
    public struct AlertLabels: MetricLabelSet {
        public static let names = ["alertname", "alertstate", "severity"]
        public var alertname: String
        /// `pending` or `firing`
        public var alertstate: String
        public var severity: String
        public var others: [String: String]
        public var values: [String] { [alertname, alertstate, severity] }

        public init(alertname: String, alertstate: String, severity: String, others: [String: String] = [:]) {
            self.alertname = alertname
            self.alertstate = alertstate
            self.severity = severity
            self.others = others
        }
    }

    /// `{severity,status}`
    public struct IncidentLabels: MetricLabelSet {
        public static let names = ["severity", "status"]
        public var severity: Severity
        public var status: Incident.Status
        public var values: [String] { [severity.rawValue, status.rawValue] }

        public init(severity: Severity, status: Incident.Status) {
            self.severity = severity
            self.status = status
        }
    }

    /// `{receiver}`
    public struct ReceiverLabels: MetricLabelSet {
        public static let names = ["receiver"]
        public var receiver: String
        public var values: [String] { [receiver] }

        public init(receiver: String) {
            self.receiver = receiver
        }
    }

    /// `{receiver,outcome}`
    public struct NotificationLabels: MetricLabelSet {
        public static let names = ["receiver", "outcome"]
        public var receiver: String
        public var outcome: Outcome
        public var values: [String] { [receiver, outcome.rawValue] }

        /// What became of an attempt to deliver, or of a message that none was made for.
        public enum Outcome: String, Sendable, Hashable, CaseIterable {
            case delivered
            /// It did not work, and will be tried again.
            case retried
            /// Given up on a permanent error.
            case failed
            /// Not sent, because a newer message says how things stand.
            case superseded
        }

        public init(receiver: String, outcome: Outcome) {
            self.receiver = receiver
            self.outcome = outcome
        }
    }

    /// `{target,tier}`
    public struct TierLabels: MetricLabelSet {
        public static let names = ["target", "tier"]
        public var target: String
        public var tier: SamplingTier
        public var values: [String] { [target, tier.rawValue] }

        public init(target: String, tier: SamplingTier) {
            self.target = target
            self.tier = tier
        }
    }

    /// `{target,tier,outcome}`
    public struct SampleLabels: MetricLabelSet {
        public static let names = TierLabels.names + ["outcome"]
        public var tier: TierLabels
        /// Why nothing could be seen; `nil`, which reads `ok`, if something was.
        public var failure: SampleFailure.Reason?
        public var values: [String] { tier.values + [failure?.rawValue ?? "ok"] }

        public init(target: String, tier: SamplingTier, failure: SampleFailure.Reason?) {
            self.tier = TierLabels(target: target, tier: tier)
            self.failure = failure
        }
    }

    /// `{rule}`
    public struct RuleLabels: MetricLabelSet {
        public static let names = ["rule"]
        public var rule: String
        public var values: [String] { [rule] }

        public init(rule: String) {
            self.rule = rule
        }
    }

    /// `{version,revision,swift_version}`
    public struct BuildLabels: MetricLabelSet {
        public static let names = ["version", "revision", "swift_version"]
        public var version: String
        /// The commit that it was built from, or "" where it is not known.
        public var revision: String
        public var swiftVersion: String
        public var values: [String] { [version, revision, swiftVersion] }

        public init(version: String, revision: String = "", swiftVersion: String = "") {
            self.version = version
            self.revision = revision
            self.swiftVersion = swiftVersion
        }
    }
}
