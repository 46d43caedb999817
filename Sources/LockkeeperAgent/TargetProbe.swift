internal import LockkeeperCore

/// What a watcher needs of the connection to a target. A look that fails is a sample like any other: nothing is thrown.
protocol TargetProbe: Sendable {
    /// The cheap look. While the target is down it returns after the next attempt to connect.
    func glance(_ inquiry: Inquiry) async -> Sample
    /// The full look.
    func look(_ inquiry: Inquiry, tier: SamplingTier) async -> Sample
    /// Reads the history tables: those of the wanted databases, or of all configured ones if none is named.
    func readHistory(of databases: Set<String>) async -> [Sample]
    func close() async
}
