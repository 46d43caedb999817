extension MetricCatalog {
    public static let heartbeats = NumberMetric<HeartbeatLabels>.counter(
        "lockkeeper_heartbeats_total",
        help: "Heartbeats by outcome: delivered, failed, or withheld because the agent did not do its work.")

    public static let heartbeatLastSuccess = NumberMetric<NoLabels>.gauge(
        "lockkeeper_heartbeat_last_success_timestamp_seconds", unit: .seconds,
        help: "When a heartbeat last arrived, in seconds since the Unix epoch.")

    static let heartbeatFamilies: [MetricDescriptor] = [heartbeats.descriptor, heartbeatLastSuccess.descriptor]

    /// `{outcome}`
    public struct HeartbeatLabels: MetricLabelSet {
        public static let names = ["outcome"]
        public var outcome: Outcome
        public var values: [String] { [outcome.rawValue] }

        /// What became of a heartbeat.
        public enum Outcome: String, Sendable, Hashable, CaseIterable {
            case delivered
            /// It was sent, and did not arrive.
            case failed
            /// The agent did not do its work, so none was sent.
            case withheld
        }

        public init(outcome: Outcome) {
            self.outcome = outcome
        }
    }
}
