/// How often the targets are looked at, and how long that may take.
public struct SamplingConfiguration: Sendable, Hashable {
    /// Between the cheap looks that ask whether anything is there.
    public var glance: Duration
    /// Between full looks while nothing is.
    public var idle: Duration
    /// Between full looks while a migration runs or locks are queued for.
    public var active: Duration
    /// Between readings of the migration tools' history tables.
    public var history: Duration
    /// Between readings of the statements' statistics.
    public var statements: Duration
    /// Between readings of the catalogs.
    public var catalog: Duration
    /// The sessions' `lock_timeout`: how long a look may queue for a lock.
    public var lockTimeout: Duration
    /// The sessions' `statement_timeout`; the agent's own deadline lies a little after it.
    public var statementTimeout: Duration
    /// How long connecting may take.
    public var connectTimeout: Duration

    public init(
        glance: Duration = .milliseconds(200), idle: Duration = .seconds(5), active: Duration = .seconds(1),
        history: Duration = .seconds(5), statements: Duration = .seconds(30), catalog: Duration = .seconds(60),
        lockTimeout: Duration = .milliseconds(200), statementTimeout: Duration = .seconds(5),
        connectTimeout: Duration = .seconds(5)
    ) {
        self.glance = glance
        self.idle = idle
        self.active = active
        self.history = history
        self.statements = statements
        self.catalog = catalog
        self.lockTimeout = lockTimeout
        self.statementTimeout = statementTimeout
        self.connectTimeout = connectTimeout
    }

    /// A field of `sampling:` and what it may be set to.
    struct Field {
        let name: String
        let property: WritableKeyPath<SamplingConfiguration, Duration>
        let range: ClosedRange<Duration>
    }

    static var fields: [Field] {
        [
            // Faster than 20 times a second is load rather than looking.
            Field(name: "glance", property: \.glance, range: .milliseconds(50) ... .seconds(60)),
            Field(name: "idle", property: \.idle, range: .milliseconds(100) ... .seconds(600)),
            Field(name: "active", property: \.active, range: .milliseconds(100) ... .seconds(60)),
            Field(name: "history", property: \.history, range: .milliseconds(100) ... .seconds(3600)),
            Field(name: "statements", property: \.statements, range: .seconds(1) ... .seconds(3600)),
            Field(name: "catalog", property: \.catalog, range: .seconds(1) ... .seconds(86_400)),
            // PostgreSQL counts these in milliseconds, and 0 would mean "for ever".
            Field(name: "lock_timeout", property: \.lockTimeout, range: .milliseconds(10) ... .seconds(10)),
            Field(name: "statement_timeout", property: \.statementTimeout, range: .milliseconds(100) ... .seconds(60)),
            Field(name: "connect_timeout", property: \.connectTimeout, range: .milliseconds(100) ... .seconds(60)),
        ]
    }
}
