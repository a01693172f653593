// fuzz READER [options of libFuzzer] [folders of inputs]
// fuzz seeds FOLDER

import CFuzzer
import Foundation

private nonisolated(unsafe) var reader = FileReaders.all[0]

private func stop(_ words: String) -> Never {
  FileHandle.standardError.write(Data("fuzz: \(words)\n".utf8))
  exit(64)
}

private let names = FileReaders.all.map(\.name).joined(separator: ", ")
guard CommandLine.argc > 1 else { stop("name a reader: \(names)") }
if CommandLine.arguments[1] == "seeds" {
  guard CommandLine.argc == 3 else { stop("name a folder for the seeds") }
  try Seeds.write(into: URL(fileURLWithPath: CommandLine.arguments[2], isDirectory: true))
  exit(0)
}
guard let chosen = FileReaders.all.first(where: { $0.name == CommandLine.arguments[1] }) else {
  stop("unknown reader '\(CommandLine.arguments[1])'; known are \(names)")
}
reader = chosen

// libFuzzer gets what follows the reader's name.
private nonisolated(unsafe) var count = CommandLine.argc - 1
private nonisolated(unsafe) var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
  CommandLine.unsafeArgv + 1
exit(
  LLVMFuzzerRunDriver(&count, &words) { bytes, size in
    let input = [UInt8](UnsafeBufferPointer(start: bytes, count: size))
    do { try FileReaders.read(input, with: reader) } catch {
      // What is not an error of the reader's own would reach the user as a fault of the program.
      if !FileReaders.isRefusal(error) { fatalError("\(reader.name): \(error)") }
    }
    return 0
  })
