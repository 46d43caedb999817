internal import LockkeeperCore

/// How a message presents itself at first sight: the same word, sign and colour in every channel.
struct Badge: Sendable, Hashable {
    /// An emoji that is told apart without its colour.
    let symbol: String
    /// In capitals: `CRITICAL`, `RESOLVED`, `FAILED`, `TEST`, …
    let word: String
    /// As CSS writes it; dark enough for white text on it.
    let color: String

    /// Whether somebody has to look at it now: critical and going on, or a migration that ended badly.
    let isBad: Bool

    init(_ notification: Notification) {
        if notification.isTest {
            self.init(symbol: "🧪", word: "TEST", color: "#6750a4")
        } else if let maintenance = notification.maintenance {
            switch notification.isResolved ? maintenance.ending(at: notification.at) : nil {
            case nil: self.init(symbol: "🛠️", word: "PLANNED", color: "#1a5fb4")
            case .over: self.init(symbol: "✅", word: "OVER", color: "#1e7b34")
            case .early: self.init(symbol: "✅", word: "ENDED EARLY", color: "#1e7b34")
            case .calledOff: self.init(symbol: "🚫", word: "CALLED OFF", color: "#1a5fb4")
            }
        } else if notification.isResolved {
            switch notification.facts.outcome {
            case "committed": self.init(symbol: "✅", word: "COMMITTED", color: "#1e7b34")
            case "failed": self.init(symbol: "❌", word: "FAILED", color: "#b3261e", isBad: true)
            case "cancelled": self.init(symbol: "⛔", word: "CANCELLED", color: "#b3261e", isBad: true)
            case "lost": self.init(symbol: "❓", word: "OUTCOME UNKNOWN", color: "#b3261e", isBad: true)
            case "unseen": self.init(symbol: "ℹ️", word: "ENDED", color: "#1a5fb4")
            default: self.init(symbol: "✅", word: "RESOLVED", color: "#1e7b34")
            }
        } else {
            switch notification.severity {
            case .critical: self.init(symbol: "🚨", word: "CRITICAL", color: "#b3261e", isBad: true)
            case .warning: self.init(symbol: "⚠️", word: "WARNING", color: "#8a5300")
            case .info: self.init(symbol: "ℹ️", word: "INFO", color: "#1a5fb4")
            }
        }
    }

    private init(symbol: String, word: String, color: String, isBad: Bool = false) {
        self.symbol = symbol
        self.word = word
        self.color = color
        self.isBad = isBad
    }
}
