package dtc.documents;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command in a shell code block of a document.
 *
 * @param block the number of the code block in the document
 * @param text the command, possibly in several lines, without its comment
 * @param output what the output must contain: the comment after the command, if it starts like JSON; otherwise empty
 */
record ShellCommand(Path document, int block, String text, String output) {

    private static final Pattern COMMENT = Pattern.compile("\\s{2,}# (.*)$");

    static List<ShellCommand> parse(Path document, String markdown) {
        List<ShellCommand> commands = new ArrayList<>();
        StringBuilder pending = new StringBuilder();
        boolean inBlock = false;
        boolean isShell = false;
        int block = 0;
        for (String line : markdown.lines().map(String::strip).toList()) {
            if (line.startsWith("```")) {
                isShell = !inBlock && line.equals("```sh");
                inBlock = !inBlock;
                block++;
            } else if (isShell) {
                pending.append(pending.isEmpty() ? "" : "\n").append(line);
                if (isComplete(pending)) {
                    commands.add(of(document, block, pending.toString()));
                    pending.setLength(0);
                }
            }
        }
        if (!pending.isEmpty()) {
            throw new IllegalArgumentException(document + ": incomplete command " + pending);
        }
        return commands;
    }

    /** Whether there is neither a backslash at the end nor an open single quote. */
    private static boolean isComplete(CharSequence text) {
        long quotes = text.chars().filter(c -> c == '\'').count();
        return quotes % 2 == 0 && text.charAt(text.length() - 1) != '\\';
    }

    private static ShellCommand of(Path document, int block, String line) {
        Matcher comment = COMMENT.matcher(line);
        if (!comment.find()) {
            return new ShellCommand(document, block, line, "");
        }
        String text = comment.group(1);
        boolean isOutput = text.startsWith("\"") || text.startsWith("{");
        return new ShellCommand(document, block, line.substring(0, comment.start()), isOutput ? text : "");
    }

    @Override
    public String toString() {
        return document + ": " + text;
    }
}
