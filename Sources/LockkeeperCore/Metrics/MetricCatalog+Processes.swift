extension MetricCatalog {
    /// `{target,tool}`
    public struct ProcessLabels: MetricLabelSet {
        public static let names = ["target", "tool"]
        public var target: String
        /// The tool of the run that the process is tied to, else what its command line shows.
        public var tool: String
        public var values: [String] { [target, tool] }

        public init(target: String, tool: String) {
            self.target = target
            self.tool = tool
        }
    }

    public static let migrationProcessRunning = NumberMetric<ProcessLabels>.gauge(
        "lockkeeper_migration_process_running",
        help: "Processes of the migration tool on the agent's machine, connected to the target or about to be.")

    public static let migrationProcessCPU = NumberMetric<ProcessLabels>.counter(
        "lockkeeper_migration_process_cpu_seconds_total", unit: .seconds,
        help: "CPU time that processes of the migration tool have used, as far as they were seen.")

    public static let migrationProcessResidentMemory = NumberMetric<ProcessLabels>.gauge(
        "lockkeeper_migration_process_resident_memory_bytes", unit: .bytes,
        help: "Resident memory of the migration tool's processes.")

    public static let migrationProcessRead = NumberMetric<ProcessLabels>.counter(
        "lockkeeper_migration_process_read_bytes_total", unit: .bytes,
        help: "Bytes that processes of the migration tool have read from storage; only where the agent may know.")

    public static let migrationProcessWritten = NumberMetric<ProcessLabels>.counter(
        "lockkeeper_migration_process_written_bytes_total", unit: .bytes,
        help: "Bytes that processes of the migration tool have written to storage; only where the agent may know.")

    static let processFamilies: [MetricDescriptor] = [
        migrationProcessRunning.descriptor, migrationProcessCPU.descriptor, migrationProcessResidentMemory.descriptor,
        migrationProcessRead.descriptor, migrationProcessWritten.descriptor,
    ]
}
