internal import GRDB
public import LockkeeperCore

extension Store {
    /// Removes what ended before a time: closed incidents, ended runs, and finished deliveries.
    ///
    /// What is still to be sent stays, and so does everything of an incident that is open. An incident stays for as long as any delivery of
    /// it, so that none of the same id is planned. The work is done in small transactions, so that a change that comes meanwhile waits for one
    /// of them at most.
    ///
    /// - Returns: how many rows were removed.
    @discardableResult
    public func prune(before time: Timestamp) async throws -> Int {
        var removed = 0
        for statement in [
            StandbyRows.prune, Self.pruneDeliveries, Self.pruneIncidents, Self.pruneRuns, Self.pruneReferences,
            Self.pruneSilences,
        ] {
            while true {
                let count = try await write("removing old history") { database in
                    try database.execute(sql: statement, arguments: [time.microseconds, Self.pruneBatch])
                    return database.changesCount
                }
                removed += count
                if count < Self.pruneBatch { break }
            }
        }
        return removed
    }

    private static let pruneBatch = 200

    private static let pruneDeliveries = """
        DELETE FROM delivery WHERE rowid IN (
            SELECT delivery.rowid FROM delivery WHERE finished_at < ?1 AND status <> 'pending'
                AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id AND incident.status = 'open')
            LIMIT ?2
        )
        """

    private static let pruneIncidents = """
        DELETE FROM incident WHERE rowid IN (
            SELECT incident.rowid FROM incident WHERE closed_at < ?1 AND incident.status = 'closed'
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE incident_id = incident.id)
            LIMIT ?2
        )
        """

    private static let pruneReferences = """
        DELETE FROM receiver_reference WHERE rowid IN (
            SELECT receiver_reference.rowid FROM receiver_reference WHERE stored_at < ?1
                AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id)
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.incident_id = receiver_reference.incident_id)
            LIMIT ?2
        )
        """

    private static let pruneSilences = """
        DELETE FROM silence WHERE rowid IN (SELECT rowid FROM silence WHERE ends_at < ?1 LIMIT ?2)
        """

    private static let pruneRuns = """
        DELETE FROM run WHERE rowid IN (
            SELECT run.rowid FROM run WHERE ended_at < ?1
                AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.run = run.id AND incident.status = 'open')
            LIMIT ?2
        )
        """
}
