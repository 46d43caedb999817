extension MetricCatalog {
    public static let lockWait = HistogramMetric<LockModeLabels>(
        "lockkeeper_lock_wait_seconds", unit: .seconds,
        buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
        help: "How long waits for locks took that are over, by the mode asked for; granted or given up.")

    static let lockFamilies: [MetricDescriptor] = [lockWait.descriptor]

    /// `{target,database,mode}`
    public struct LockModeLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["mode"]
        public var database: DatabaseLabels
        /// As `pg_locks` spells it: `AccessExclusiveLock`.
        public var mode: LockMode
        public var values: [String] { database.values + [mode.rawValue] }

        public init(_ database: DatabaseLabels, mode: LockMode) {
            self.database = database
            self.mode = mode
        }
    }
}
