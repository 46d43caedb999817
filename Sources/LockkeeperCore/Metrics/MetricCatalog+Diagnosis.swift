extension MetricCatalog {
    public static let findings = NumberMetric<FindingLabels>.gauge(
        "lockkeeper_findings", help: "What the diagnosis finds at present, by verdict; what is healthy counts as info.")

    static let diagnosisFamilies: [MetricDescriptor] = [findings.descriptor]

    /// `{target,database,verdict,severity}`
    public struct FindingLabels: MetricLabelSet {
        public static let names = ["target", "database", "verdict", "severity"]
        public var target: String
        /// "" where it is about the whole server.
        public var database: String
        public var verdict: Verdict
        public var severity: Severity
        public var values: [String] { [target, database, verdict.rawValue, severity.rawValue] }

        public init(_ finding: Finding) {
            target = finding.target
            database = finding.database
            verdict = finding.verdict
            severity = finding.severity
        }
    }
}
