import Foundation

/// Finds files by a shell pattern: `alerts/*.yml` (`*`, `?`, `[…]`; not across folders).
enum FilePattern {
    /// Whether a path has to be searched for rather than opened.
    static func isPattern(_ path: String) -> Bool {
        path.contains { "*?[".contains($0) }
    }

    /// The files that match, sorted by name; none if none does.
    static func matches(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0, let paths = result.gl_pathv else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { index in paths[index].map { String(cString: $0) } }.sorted()
    }

    /// A suggestion for a path to something that is not there.
    static func neighbourHint(for path: String) -> String? {
        access(path, F_OK) == 0 ? nil : neighbour(of: path).map { "Did you mean `\($0)`, which is in the same folder?" }
    }

    /// The name in the same folder that was probably meant.
    private static func neighbour(of path: String) -> String? {
        let folder = TextFile.folder(of: path)
        let name = String(path.split(separator: "/").last ?? "")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return Suggestion.nearest(to: name, in: names.filter { $0 != name }.sorted())
    }
}
