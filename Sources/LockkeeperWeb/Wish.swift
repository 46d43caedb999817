import FoundationEssentials
import HTTPTypes
import LockkeeperCore
import PromQL

/// What somebody asks for in the body of a request, as JSON with exactly the fields that there are.
struct Wish {
    private let fields: [String: Value]

    private enum Value: Decodable {
        case text(String)
        case texts([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .texts(try container.decode([String].self))
            }
        }
    }

    /// Texts longer than this are nobody's name or reason.
    private static let longest = 500

    init(json: [UInt8], fields known: [String]) throws(Refusal) {
        do {
            fields = try JSONDecoder().decode([String: Value].self, from: Data(json))
        } catch {
            throw Refusal(
                .badRequest,
                "the body is to be a JSON object with \(known.joined(separator: ", ")), all of them texts or lists of texts"
            )
        }
        if let unknown = fields.keys.sorted().first(where: { !known.contains($0) }) {
            throw Refusal(
                .badRequest, "there is no field `\(unknown.prefix(100))`: there are \(known.joined(separator: ", "))")
        }
    }

    /// A line of text; "" if it is not there.
    func text(_ name: String, isRequired: Bool = false) throws(Refusal) -> String {
        switch fields[name] {
        case .text(let text):
            guard text.count <= Self.longest,
                !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else {
                throw Refusal(.badRequest, "`\(name)` is to be one line of at most \(Self.longest) characters")
            }
            if isRequired, text.allSatisfy(\.isWhitespace) { throw Refusal(.badRequest, "`\(name)` is empty") }
            return text
        case .texts: throw Refusal(.badRequest, "`\(name)` is to be a text, not a list")
        case nil:
            if isRequired { throw Refusal(.badRequest, "`\(name)` is missing") }
            return ""
        }
    }

    func texts(_ name: String) throws(Refusal) -> [String] {
        guard case .texts(let texts)? = fields[name], !texts.isEmpty, texts.count <= 20,
            texts.allSatisfy({ $0.count <= Self.longest })
        else {
            throw Refusal(.badRequest, "`\(name)` is to be a list of 1 to 20 texts")
        }
        return texts
    }

    /// RFC 3339; `nil` if it is not there.
    func time(_ name: String) throws(Refusal) -> Timestamp? {
        let text = try text(name)
        if text.isEmpty { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw Refusal(
                .badRequest, "`\(name)` is to be a time such as 2026-11-28T22:00:00Z, not `\(text.prefix(100))`")
        }
        return time
    }
}

/// `POST /api/v1/incidents/{id}/acknowledge`
struct AcknowledgementWish {
    let author: String
    let comment: String

    init(json: [UInt8]) throws(Refusal) {
        let wish = try Wish(json: json, fields: ["author", "comment"])
        author = try wish.text("author", isRequired: true)
        comment = try wish.text("comment")
    }
}

/// `POST /api/v1/silences`
struct SilenceWish {
    /// A year: what is to last longer belongs into the rules or routes.
    private static let longest = Duration.seconds(366 * 86_400)

    private let matchers: [LabelMatcher]
    private let begin: Timestamp?
    private let end: Timestamp
    private let author: String
    private let comment: String

    init(json: [UInt8]) throws(Refusal) {
        let wish = try Wish(json: json, fields: ["matchers", "starts_at", "ends_at", "author", "comment"])
        var matchers: [LabelMatcher] = []
        for text in try wish.texts("matchers") {
            do throws(MatcherProblem) {
                matchers.append(try LabelMatcher(written: text))
            } catch {
                throw Refusal(.badRequest, "`matchers`: \(error)")
            }
        }
        // As Alertmanager has it: one that every incident matches silences what nobody thought of.
        guard matchers.contains(where: { !$0.matches("") }) else {
            throw Refusal(
                .badRequest,
                "these matchers fit everything: one of them at least must ask for something, such as target=app-production"
            )
        }
        self.matchers = matchers
        begin = try wish.time("starts_at")
        guard let end = try wish.time("ends_at") else { throw Refusal(.badRequest, "`ends_at` is missing") }
        self.end = end
        author = try wish.text("author", isRequired: true)
        comment = try wish.text("comment", isRequired: true)
    }

    func silence(at now: Timestamp) throws(Refusal) -> Silence {
        let begin = max(begin ?? now, now)
        guard begin < end else {
            throw Refusal(
                .badRequest,
                "`ends_at` (\(end.rfc3339)) is not after \(begin == now ? "now" : "`starts_at`") (\(begin.rfc3339))")
        }
        guard end - begin <= Self.longest else {
            throw Refusal(.badRequest, "a silence lasts a year at most: what is to last longer belongs into the routes")
        }
        // So that sending the same once more, after an answer that was lost, changes nothing.
        let id =
            "silence-"
            + StableIdentifier.derive(
                from: matchers.map(\.description).sorted().joined(separator: ","), author, comment,
                String(end.microseconds), self.begin.map { String($0.microseconds) } ?? "")
        return Silence(id: id, matchers: matchers, begin: begin, end: end, author: author, comment: comment)
    }
}
