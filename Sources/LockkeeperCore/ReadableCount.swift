extension BinaryInteger {
    /// For people: `1 session`, `4 sessions`. For nouns whose plural ends in s or, from `y`, in ies.
    func readable(_ noun: String) -> String {
        guard self != 1 else { return "1 \(noun)" }
        if noun.hasSuffix("x") { return "\(self) \(noun)es" }
        return noun.hasSuffix("y") ? "\(self) \(noun.dropLast())ies" : "\(self) \(noun)s"
    }
}

extension Int64 {
    /// A number of bytes for people, in powers of 1024: `512 B`, `17 MiB`, `1.5 GiB`.
    var readableBytes: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(Swift.max(0, self))
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        let fraction = unit > 0 && tenths < 100 && tenths % 10 > 0 ? ".\(tenths % 10)" : ""
        let whole = fraction.isEmpty ? Int(value.rounded()) : tenths / 10
        return "\(whole)\(fraction) \(units[unit])"
    }

    /// A large number for people, in millions: `412 million`.
    var readableNumber: String { self < 1_000_000 ? "\(self)" : "\(self / 1_000_000) million" }
}

extension [String] {
    /// For people: the first few joined by commas, and how many more there are.
    func readable(limit: Int) -> String {
        count <= limit
            ? joined(separator: ", ") : "\(prefix(limit).joined(separator: ", ")) and \(count - limit) more"
    }
}
