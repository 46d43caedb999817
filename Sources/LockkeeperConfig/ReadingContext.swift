/// What one reading of a file collects: its problems, and the environment that it may name.
///
/// It lives on the one thread that reads.
final class ReadingContext {
    let file: String
    /// What relative paths in the file start from.
    let folder: String
    let environment: [String: String]
    private(set) var problems: [ConfigurationProblem] = []
    /// Whether a secret stands in the file itself rather than in the environment or a file of its own.
    var holdsSecret = false

    init(file: String, folder: String, environment: [String: String]) {
        self.file = file
        self.folder = folder
        self.environment = environment
    }

    func add(_ problem: ConfigurationProblem) {
        problems.append(problem)
    }

    func add(contentsOf others: [ConfigurationProblem]) {
        problems += others
    }
}
