import Hummingbird

/// The parameters of a request's query. A wrong one is refused with what it should be, not passed over.
struct RequestParameters {
    static let maximumLimit = 1000
    private static let defaultLimit = 100

    private let values: [String: String]

    /// - Parameter allowed: the names that there are; `nil` if any may be there.
    init(_ request: Request, allowed: [String]?) throws(Refusal) {
        var values: [String: String] = [:]
        for (key, value) in request.uri.queryParameters where !key.isEmpty {
            let key = String(key)
            if let allowed {
                guard allowed.contains(key) else {
                    let hint =
                        allowed.isEmpty ? "there are none here" : "there are " + allowed.joined(separator: ", ")
                    throw Refusal(.badRequest, "there is no parameter `\(key.prefix(100))`: \(hint)")
                }
                guard values[key] == nil else {
                    throw Refusal(.badRequest, "the parameter `\(key)` is there twice")
                }
            }
            values[key] = String(value)
        }
        self.values = values
    }

    subscript(_ name: String) -> String? { values[name] }

    /// How many items are wanted.
    func limit() throws(Refusal) -> Int {
        guard let text = values["limit"] else { return Self.defaultLimit }
        guard let limit = Int(text), (1...Self.maximumLimit).contains(limit) else {
            throw Refusal(
                .badRequest, "`limit` is a number from 1 to \(Self.maximumLimit), not `\(text.prefix(100))`")
        }
        return limit
    }

    /// One of the values that there are.
    func choice<Value>(_ name: String, _ choices: [String: Value]) throws(Refusal) -> Value? {
        guard let text = values[name] else { return nil }
        guard let value = choices[text] else {
            let names = choices.keys.sorted().joined(separator: ", ")
            throw Refusal(.badRequest, "`\(name)` is one of \(names), not `\(text.prefix(100))`")
        }
        return value
    }
}
