import LockkeeperCore

/// What happens in a second of a play.
enum PlayedAct {
    /// An alert fires from now on; one of the same labels takes its place.
    case fires(IncidentAlert)
    /// It fires no longer.
    case ends(IncidentAlert)
    case run(RunEvent)
    case silence(Silence)
    case expire(Silence.ID)
    /// Somebody looks after all that is open.
    case acknowledge
    /// The configuration is read again.
    case reload([Route])
}

/// Where the agent is killed within a second, to be started again at once.
enum KillPoint: Hashable, CaseIterable {
    /// What is to be told is decided and not stored.
    case beforeStoring
    /// It is stored and not sent.
    case beforeSending
    /// The attempt is counted and not made.
    case beforeTheRequest
    /// The receiver has the message, and its answer is not stored.
    case beforeTheAnswerIsStored
    /// All is done.
    case afterwards

    /// Whether it is a point of one message.
    var isOfAMessage: Bool { self == .beforeTheRequest || self == .beforeTheAnswerIsStored }
}

struct Kill: Hashable, CustomStringConvertible {
    var second: Int
    var point: KillPoint
    /// At whose message, where the point is one of a message.
    var receiver: String

    var description: String { "killed at \(second) s \(point) at \(receiver)" }
}
