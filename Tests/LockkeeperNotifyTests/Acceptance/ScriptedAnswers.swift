import LockkeeperCore

/// What a receiver of a play does with an attempt.
enum ScriptedAnswer: Hashable {
    case takes
    /// 503: it has seen nothing.
    case isUnavailable
    /// 429, with the seconds of `Retry-After`.
    case asksToWait(Int)
    /// It has the message, and nobody hears so.
    case takesAndIsNotHeard
    case refuses

    var isArrival: Bool { self == .takes || self == .takesAndIsNotHeard }

    var outcome: DeliveryOutcome {
        switch self {
        case .takes: .delivered
        case .isUnavailable: .retry()
        case .asksToWait(let seconds): .retry(after: .seconds(seconds))
        case .takesAndIsNotHeard:
            .retry(after: nil, reason: "connection reset", isAmbiguous: true, acceptedRecipients: [])
        case .refuses: .permanent(reason: "answered 400", acceptedRecipients: [])
        }
    }
}

/// A receiver of a play: it does as the script says within some seconds, and takes what it is sent in all others.
struct ScriptedReceiver {
    private var script: [(seconds: Range<Int>, answer: ScriptedAnswer)] = []

    init() {}

    init(from begin: Int, until end: Int, _ answer: ScriptedAnswer) { script = [(begin..<end, answer)] }

    func answer(at second: Int) -> ScriptedAnswer {
        script.first { $0.seconds.contains(second) }?.answer ?? .takes
    }
}
