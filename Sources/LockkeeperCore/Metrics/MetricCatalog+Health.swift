extension MetricCatalog {
    // MARK: Catalogs

    public static let invalidIndexes = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_invalid_indexes", help: "Indexes that are invalid and that nothing is building.")

    public static let notValidatedConstraints = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_not_validated_constraints", help: "Constraints that were added NOT VALID and never validated.")

    public static let transactionIDAge = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_transaction_id_age",
        help: "Transactions since the oldest that the database has not frozen; writes stop before 2 147 483 648.")

    public static let catalogPartAvailable = NumberMetric<CatalogPartLabels>.gauge(
        "lockkeeper_catalog_part_available",
        help: "Whether a part of the database's catalogs, or of the server's health, can be read.")

    // MARK: Server

    public static let oldestSnapshot = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_oldest_snapshot_transactions",
        help:
            "Transactions since the oldest snapshot that somebody holds, which no cleanup of tables' rows gets beyond.")

    public static let replicationLag = NumberMetric<SlotLabels>.gauge(
        "lockkeeper_replication_lag_bytes", unit: .bytes,
        help: "WAL that a follower has not replayed or confirmed, by its slot, or by its name where it has none.")

    public static let slotRetainedBytes = NumberMetric<SlotLabels>.gauge(
        "lockkeeper_replication_slot_retained_bytes", unit: .bytes,
        help: "WAL that the server keeps for the replication slot.")

    public static let archiverFailures = NumberMetric<TargetLabels>.counter(
        "lockkeeper_archiver_failures_total", help: "Failed attempts of the server to archive a file of WAL.")

    public static let walFolderBytes = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_wal_folder_bytes", unit: .bytes, help: "What the files in the server's folder of WAL take up.")

    static let healthFamilies: [MetricDescriptor] = [
        invalidIndexes.descriptor, notValidatedConstraints.descriptor, transactionIDAge.descriptor,
        catalogPartAvailable.descriptor, oldestSnapshot.descriptor, replicationLag.descriptor,
        slotRetainedBytes.descriptor, archiverFailures.descriptor, walFolderBytes.descriptor,
    ]

    // MARK: Labels

    /// `{target,slot}`
    public struct SlotLabels: MetricLabelSet {
        public static let names = ["target", "slot"]
        public var target: String
        /// The name of a replication slot, or of a replica that uses none.
        public var slot: String
        public var values: [String] { [target, slot] }

        public init(target: String, slot: String) {
            self.target = target
            self.slot = slot
        }
    }

    /// `{target,database,part}`
    public struct CatalogPartLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["part"]
        public var database: DatabaseLabels
        public var part: CatalogReading.Part
        public var values: [String] { database.values + [part.rawValue] }

        public init(_ database: DatabaseLabels, part: CatalogReading.Part) {
            self.database = database
            self.part = part
        }
    }
}
