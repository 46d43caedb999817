import Foundation
import Testing

/// Texts that people read, kept as files beside the tests: a change of wording shows as a difference to review.
enum Golden {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Golden")

    /// Compares a text with the file of that name. With `LOCKKEEPER_WRITE_GOLDEN=1` in the environment it writes the file instead,
    /// and fails where it has changed it.
    static func expect(_ text: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appendingPathComponent(name)
        let kept = try? String(contentsOf: file, encoding: .utf8)
        guard kept != text else { return }
        if ProcessInfo.processInfo.environment["LOCKKEEPER_WRITE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: file)
            Issue.record("\(name) was written: read the difference", sourceLocation: sourceLocation)
        } else {
            Issue.record(
                "\(name) differs (LOCKKEEPER_WRITE_GOLDEN=1 writes it):\n\(text)", sourceLocation: sourceLocation)
        }
    }
}
