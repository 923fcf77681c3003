package dtc.simulation;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A change of one statement or expression of a method. The code is compared as a syntax tree, so that formatting,
 * comments and parentheses do not matter. It must occur exactly once in the method.
 *
 * <p>A name that starts with {@code $} stands for any expression, and for the same one wherever it is repeated, also in
 * the replacement: {@code $list.anyMatch($test)} matches every call of {@code anyMatch} with one argument.
 *
 * @param className the binary name of the class; methods of classes nested in it are found too
 * @param method the name of the method, or {@code name(Type, Type)} to select one overload
 * @param code the statement or expression that is replaced
 */
record TreeEdit(String className, String method, String code, String replacement) {

    /** The change that removes a statement. */
    static TreeEdit remove(String className, String method, String statement) {
        return new TreeEdit(className, method, statement, "{}");
    }

    /** The name of the top-level class, which is the class of the source file. */
    String topLevelClass() {
        return className.split("\\$", -1)[0];
    }

    /**
     * The changed source.
     *
     * @param sources the root of the packages
     * @throws IllegalStateException where the code to be changed is not found exactly once
     */
    String applyTo(Path sources) throws IOException {
        SyntaxTree pattern = ParsedSource.parseCode(code);
        Path file = sources.resolve(topLevelClass().replace('.', '/') + ".java");
        if (!Files.exists(file)) {
            throw notFound("there is no file " + file, pattern, sources);
        }
        ParsedSource source = ParsedSource.parse(Files.readString(file));
        String nested = className.substring(className.lastIndexOf('.') + 1);
        List<ClassTree> types = source.find(nested.split("\\$", -1));
        if (types.isEmpty()) {
            throw notFound("%s does not declare this class".formatted(file), pattern, sources);
        }
        List<MethodTree> all = ParsedSource.methods(types.getFirst());
        List<MethodTree> methods = all.stream().filter(this::isMeant).toList();
        if (methods.isEmpty()) {
            throw notFound(
                    "the class has no such method, only "
                            + all.stream().map(ParsedSource::signature).collect(Collectors.joining(", ")),
                    pattern,
                    sources);
        }
        List<SyntaxTree.Match> matches = methods.stream()
                .flatMap(one -> SyntaxTree.of(one).find(pattern).stream())
                .toList();
        if (matches.isEmpty()) {
            throw notFound("the method does not contain this code", pattern, sources);
        }
        if (matches.size() > 1) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "%s occurs %d times. Give more of the code, or the parameter types of the method.",
                    this,
                    matches.size()));
        }
        SyntaxTree.Match match = matches.getFirst();
        return source.replace(match.source(), replacement(source, match.placeholders()));
    }

    private boolean isMeant(MethodTree candidate) {
        return method.contains("(")
                ? method.equals(ParsedSource.signature(candidate))
                : candidate.getName().contentEquals(method);
    }

    private String replacement(ParsedSource source, Map<String, SyntaxTree> placeholders) {
        String text = replacement;
        for (var placeholder : placeholders.entrySet()) {
            var captured = placeholder.getValue().source();
            if (captured != null) {
                text = text.replace(placeholder.getKey(), source.text(captured));
            }
        }
        return text;
    }

    private IllegalStateException notFound(String why, SyntaxTree pattern, Path sources) throws IOException {
        List<String> places = placesOf(pattern, sources);
        return new IllegalStateException("%s is not found: %s. %s"
                .formatted(
                        this,
                        why,
                        places.isEmpty()
                                ? "No other method contains this code: look for what the code is now."
                                : "This code is in " + String.join(", ", places) + "."));
    }

    /** The methods in all sources that contain the code. */
    private static List<String> placesOf(SyntaxTree pattern, Path sources) throws IOException {
        List<String> texts = new ArrayList<>();
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                texts.add(Files.readString(file));
            }
        }
        List<String> places = new ArrayList<>();
        for (ParsedSource source : ParsedSource.parse(texts)) {
            for (ClassTree type : source.topLevelClasses()) {
                for (MethodTree method : ParsedSource.methods(type)) {
                    if (!SyntaxTree.of(method).find(pattern).isEmpty()) {
                        places.add("%s.%s".formatted(type.getSimpleName(), ParsedSource.signature(method)));
                    }
                }
            }
        }
        return places;
    }

    @Override
    public String toString() {
        return "`%s` in method %s of class %s".formatted(code, method, className);
    }
}
