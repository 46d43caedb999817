/// Puts the environment's variables into a string: `${NAME}` becomes the variable's value, `$$` becomes `$`, and any other `$` stays.
struct EnvironmentExpansion {
    /// Why a `${…}` could not be put in.
    struct Failure: Hashable {
        /// Unicode scalars before the `$`.
        var offset: Int
        var message: String
        var hint: String?
    }

    /// The string with everything put in that could be.
    private(set) var text = ""
    private(set) var failures: [Failure] = []
    /// Whether anything came from the environment, so that the result may be a secret.
    private(set) var usesEnvironment = false

    init(_ written: String, environment: [String: String]) {
        let scalars = Array(written.unicodeScalars)
        var position = 0
        var result = String.UnicodeScalarView()
        while position < scalars.count {
            guard scalars[position] == "$", position + 1 < scalars.count else {
                result.append(scalars[position])
                position += 1
                continue
            }
            switch scalars[position + 1] {
            case "$":
                result.append("$")
                position += 2
            case "{":
                guard let end = scalars[position...].firstIndex(of: "}") else {
                    failures.append(
                        Failure(
                            offset: position, message: "`${` has no `}`",
                            hint: "Write `$$` for a dollar sign that means itself"))
                    result.append(contentsOf: scalars[position...])
                    position = scalars.count
                    continue
                }
                var name = String.UnicodeScalarView()
                name.append(contentsOf: scalars[position + 2..<end])
                put(String(name), at: position, from: environment, into: &result)
                position = end + 1
            default:
                result.append("$")
                position += 1
            }
        }
        text = String(result)
    }

    private mutating func put(
        _ name: String, at offset: Int, from environment: [String: String], into result: inout String.UnicodeScalarView
    ) {
        guard Self.isName(name) else {
            failures.append(
                Failure(
                    offset: offset, message: "`${\(name)}` does not name an environment variable",
                    hint: "Only `${NAME}` is understood, without defaults; `$$` is a dollar sign that means itself"))
            return
        }
        guard let value = environment[name] else {
            let near = Suggestion.nearest(to: name, in: environment.keys.sorted())
            failures.append(
                Failure(
                    offset: offset, message: "the environment variable `\(name)` is not set",
                    hint: near.map { "Did you mean `${\($0)}`?" } ?? "Set it, or keep the value in a file"))
            return
        }
        usesEnvironment = true
        result.append(contentsOf: value.unicodeScalars)
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
    }
}
