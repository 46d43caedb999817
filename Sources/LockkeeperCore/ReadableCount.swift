extension Int {
    /// For people: `1 session`, `4 sessions`. For nouns whose plural ends in s or, from `y`, in ies.
    func readable(_ noun: String) -> String {
        guard self != 1 else { return "1 \(noun)" }
        if noun.hasSuffix("x") { return "\(self) \(noun)es" }
        return noun.hasSuffix("y") ? "\(self) \(noun.dropLast())ies" : "\(self) \(noun)s"
    }
}

extension [String] {
    /// For people: the first few joined by commas, and how many more there are.
    func readable(limit: Int) -> String {
        count <= limit
            ? joined(separator: ", ") : "\(prefix(limit).joined(separator: ", ")) and \(count - limit) more"
    }
}
