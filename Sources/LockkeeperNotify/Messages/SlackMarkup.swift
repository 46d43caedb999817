/// Text in Slack's "mrkdwn" (docs.slack.dev: Formatting message text). Everything from outside is escaped, or a query's
/// text could say `<!channel>` and wake everybody.
enum SlackMarkup {
    /// The text as itself, at most `limit` UTF-16 units long *after* escaping, the way Slack counts.
    static func escaped(_ text: String, limit: Int) -> String {
        let pieces = text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }
        guard pieces.reduce(0, { $0 + $1.utf16.count }) > limit else { return pieces.joined() }
        var result = ""
        var length = 1
        for piece in pieces {
            length += piece.utf16.count
            guard length <= limit else { break }
            result += piece
        }
        return result + "…"
    }

    /// The text in a fixed-width block, at most `limit` long with its fence.
    static func code(_ text: String, limit: Int) -> String {
        // Three backticks would end the block, and what follows would be markup again.
        let harmless = text.replacing("```", with: "'''")
        return "```\(escaped(harmless, limit: limit - 6))```"
    }

    /// A link, or nil if it would be too long. The URL has none of `<`, `>` and `|` in it.
    static func link(_ url: String, _ label: String) -> String? {
        let target = url.replacing("&", with: "&amp;")
        return target.utf16.count <= 500 ? "<\(target)|\(escaped(label, limit: 75))>" : nil
    }
}
