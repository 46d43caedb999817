internal import GRDB
internal import LockkeeperCore

extension Delivery {
    /// - Throws: an error of decoding if the row is not what the store writes.
    init(row: Row) throws {
        let notification = try row.decode(String.self, forColumn: "notification")
        self.init(
            id: try row.decode(forColumn: "id"),
            incidentID: try row.decode(forColumn: "incident_id"),
            receiver: try row.decode(forColumn: "receiver"),
            sequence: try row.decode(forColumn: "sequence"),
            notification: try JSONColumn.decode(Notification.self, from: notification),
            plannedAt: Timestamp(microseconds: try row.decode(forColumn: "planned_at")))
        let name = try row.decode(String.self, forColumn: "status")
        guard let status = Status(rawValue: name) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "the delivery \(id) has the unknown status \(name)"))
        }
        self.status = status
        attempts = try row.decode(forColumn: "attempts")
        nextAttemptAt = Timestamp(microseconds: try row.decode(forColumn: "next_attempt_at"))
        finishedAt = try row.timestamp("finished_at")
        lastError = try row.decode(String?.self, forColumn: "last_error")
        acceptedRecipients = try JSONColumn.decode(
            [String].self, from: try row.decode(forColumn: "accepted_recipients"))
    }
}

extension Row {
    func timestamp(_ column: String) throws -> Timestamp? {
        try decode(Int64?.self, forColumn: column).map(Timestamp.init(microseconds:))
    }
}
