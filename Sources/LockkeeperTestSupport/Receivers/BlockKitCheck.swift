public import Foundation

/// Checks a Slack message against what its documentation allows (docs.slack.dev: Block Kit reference, "Formatting
/// message text"), more strictly than Slack itself does.
public struct BlockKitCheck: Sendable {
    /// Everything that is wrong, each with its place.
    public private(set) var violations: [String] = []
    private var characters = 0

    /// Checks the JSON of a message.
    public init(_ json: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            violations.append("the payload is not a JSON object")
            return
        }
        let known: Set = ["text", "blocks", "unfurl_links", "unfurl_media", "mrkdwn", "attachments", "channel", "ts"]
        for key in object.keys.sorted()
        where !known.contains(key) && !["thread_ts", "metadata", "reply_broadcast"].contains(key) {
            violations.append("\(key): no such field of a message")
        }
        if let text = object["text"] as? String, !text.isEmpty {
            check(markdown: text, limit: 4000, "text")
        } else {
            violations.append("text: missing; notifications would show nothing")
        }
        if let blocks = object["blocks"] {
            guard let blocks = blocks as? [[String: Any]] else {
                violations.append("blocks: not an array of objects")
                return
            }
            if blocks.isEmpty || blocks.count > 50 { violations.append("blocks: \(blocks.count), allowed are 1 to 50") }
            for (index, block) in blocks.enumerated() { check(block: block, "blocks[\(index)]") }
        }
        if characters > 12_000 { violations.append("\(characters) characters in all; more than 12000 are cut off") }
    }

    private mutating func check(block: [String: Any], _ place: String) {
        if let id = block["block_id"] as? String, id.utf16.count > 255 {
            violations.append("\(place).block_id: too long")
        }
        switch block["type"] as? String {
        case "header":
            checkKeys(block, ["text"], place)
            check(text: block["text"], kinds: ["plain_text"], limit: 150, "\(place).text")
        case "section":
            checkKeys(block, ["text", "fields", "accessory", "expand"], place)
            if let text = block["text"] {
                check(text: text, kinds: ["plain_text", "mrkdwn"], limit: 3000, "\(place).text")
            } else if block["fields"] == nil {
                violations.append("\(place): a section needs text or fields")
            }
            if let fields = block["fields"] {
                let fields = fields as? [[String: Any]] ?? []
                if fields.isEmpty || fields.count > 10 {
                    violations.append("\(place).fields: \(fields.count), allowed are 1 to 10")
                }
                for (index, field) in fields.enumerated() {
                    check(text: field, kinds: ["plain_text", "mrkdwn"], limit: 2000, "\(place).fields[\(index)]")
                }
            }
        case "context":
            checkKeys(block, ["elements"], place)
            let elements = block["elements"] as? [[String: Any]] ?? []
            if elements.isEmpty || elements.count > 10 {
                violations.append("\(place).elements: \(elements.count), allowed are 1 to 10")
            }
            for (index, element) in elements.enumerated() {
                check(text: element, kinds: ["plain_text", "mrkdwn"], limit: 3000, "\(place).elements[\(index)]")
            }
        case "actions":
            checkKeys(block, ["elements"], place)
            let elements = block["elements"] as? [[String: Any]] ?? []
            if elements.isEmpty || elements.count > 25 {
                violations.append("\(place).elements: \(elements.count), allowed are 1 to 25")
            }
            for (index, element) in elements.enumerated() { check(button: element, "\(place).elements[\(index)]") }
        case "divider": checkKeys(block, [], place)
        case let type: violations.append("\(place).type: \(type ?? "none") is not a block that Lockkeeper sends")
        }
    }

    private mutating func check(button: [String: Any], _ place: String) {
        guard button["type"] as? String == "button" else {
            violations.append("\(place).type: only buttons are expected")
            return
        }
        check(text: button["text"], kinds: ["plain_text"], limit: 75, "\(place).text")
        if let url = button["url"] as? String, !url.hasPrefix("http") || url.utf16.count > 3000 {
            violations.append("\(place).url: not a URL of at most 3000 characters")
        }
        if let style = button["style"] as? String, style != "primary", style != "danger" {
            violations.append("\(place).style: primary or danger, not \(style)")
        }
    }

    private mutating func checkKeys(_ block: [String: Any], _ allowed: Set<String>, _ place: String) {
        for key in block.keys.sorted() where key != "type" && key != "block_id" && !allowed.contains(key) {
            violations.append("\(place).\(key): no such field of this block")
        }
    }

    private mutating func check(text: Any?, kinds: Set<String>, limit: Int, _ place: String) {
        guard let object = text as? [String: Any], let kind = object["type"] as? String, kinds.contains(kind),
            let text = object["text"] as? String
        else {
            violations.append("\(place): not a text object of \(kinds.sorted().joined(separator: " or "))")
            return
        }
        if text.isEmpty { violations.append("\(place): empty") }
        if kind == "mrkdwn" {
            check(markdown: text, limit: limit, place)
        } else {
            if text.utf16.count > limit {
                violations.append("\(place): \(text.utf16.count) characters, limit \(limit)")
            }
            characters += text.utf16.count
            if object["verbatim"] != nil { violations.append("\(place).verbatim: only for mrkdwn") }
        }
    }

    /// `&`, `<` and `>` stand for themselves only as `&amp;`, `&lt;` and `&gt;`; `<…>` may only be a web link.
    private mutating func check(markdown text: String, limit: Int, _ place: String) {
        if text.utf16.count > limit { violations.append("\(place): \(text.utf16.count) characters, limit \(limit)") }
        characters += text.utf16.count
        var rest = text[...]
        while let mark = rest.firstIndex(where: { "&<>".contains($0) }) {
            let tail = rest[mark...]
            if let entity = ["&amp;", "&lt;", "&gt;"].first(where: { tail.hasPrefix($0) }) {
                rest = tail.dropFirst(entity.count)
            } else if tail.hasPrefix("<http://") || tail.hasPrefix("<https://") || tail.hasPrefix("<mailto:"),
                let end = tail.firstIndex(of: ">"), !tail[tail.index(after: mark)..<end].contains("<")
            {
                rest = tail[tail.index(after: end)...]
            } else {
                violations.append("\(place): \(tail.prefix(12)) is not escaped")
                rest = tail.dropFirst()
            }
        }
    }
}
