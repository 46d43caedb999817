import LockkeeperConfig
import LockkeeperCore
import LockkeeperTestSupport
import ShippedRules

/// The shipped rules as the agent reads them.
///
/// - Parameter edit: changes the text of each file.
func shippedRules(_ edit: (String) -> String = { $0 }) throws -> [RuleGroup] {
    try ShippedRules.files.flatMap { try RuleFileReader.read(RuleFileText(name: $0.name, text: edit($0.text))).groups }
}

extension Play {
    /// A play with the shipped rules, or others: `slack` is told everything, `mail` what is critical. The database has Drizzle's history of two
    /// migrations, and the folder a third.
    static func shipped(rules: [RuleGroup]? = nil, isWatchedFromStart: Bool = true) throws -> Play {
        var play = Play(
            rules: try rules ?? shippedRules(),
            routes: [Route(receiver: "slack", severity: .info), Route(receiver: "mail", severity: .critical)],
            folder: Stage.drizzleFolder("0000_shop", "0001_orders", "0002_order_note"),
            isWatchedFromStart: isWatchedFromStart)
        play.at(.zero) { $0.server.history = [Stage.drizzleHistory(rows: 2)] }
        return play
    }
}
