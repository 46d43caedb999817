public import LockkeeperCore

/// What the courier needs of the place where deliveries are kept until they are made.
///
/// Every change is durable when the call returns, and a call that throws has changed nothing.
public protocol Outbox: Sendable {
    /// The deliveries to a receiver that may be begun now, the most urgent first: pending, their time come, and no earlier one
    /// (by when it was planned) of the same key to the same receiver still pending, other than of an earlier episode that the receiver
    /// evidently cannot digest.
    func due(receiver: String, at now: Timestamp, limit: Int) async throws -> [Delivery]

    /// The earliest `nextAttemptAt` among the deliveries to a receiver that no earlier one holds back; it may lie in the past.
    /// `nil` if nothing is pending.
    func nextDue(receiver: String) async throws -> Timestamp?

    /// Counts an attempt, before it is made.
    ///
    /// - Returns: the delivery as it is now, with the reference that an earlier one of the same thread was finished with; `nil` if it is no
    ///   longer pending.
    func begin(_ id: Delivery.ID, at now: Timestamp) async throws -> Delivery?

    /// Stores how an attempt left a delivery: `status`, `nextAttemptAt`, `finishedAt`, `lastError`, `acceptedRecipients`,
    /// and, with one that was delivered, the `reference` for the later ones of its thread. One that was superseded meanwhile stays so
    /// unless it was delivered.
    func finish(_ delivery: Delivery) async throws

    /// Makes everything due now that waits for another try with a receiver.
    func expedite(receiver: String, at now: Timestamp) async throws

    /// Remembers until when a receiver asked to be left in peace (`Retry-After`), for the process that comes after this one.
    func pause(receiver: String, until end: Timestamp) async throws

    /// Makes everything due now that waits for another try with a receiver, as after a start or with a new configuration, and what it
    /// refused last of each incident that is open.
    ///
    /// - Returns: until when the receiver last asked to be left in peace; it may lie in the past. `nil` if it never did.
    func resume(receiver: String, at now: Timestamp) async throws -> Timestamp?

    /// What a receiver was told last of each incident that is open, or that has ended since a time; of one that is over only its end,
    /// of none whose messages have all failed.
    func standing(receiver: String, endedSince time: Timestamp) async throws -> [StandingMessage]

    /// The receivers for which something is pending.
    func pendingReceivers() async throws -> Set<String>

    /// Fails everything that is pending for a receiver.
    ///
    /// - Returns: how many deliveries.
    func abandon(receiver: String, reason: String, at now: Timestamp) async throws -> Int
}
