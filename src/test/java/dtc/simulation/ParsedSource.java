package dtc.simulation;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/** A Java source as the compiler parses it. */
final class ParsedSource {

    private final String text;
    private final CompilationUnitTree unit;
    private final SourcePositions positions;
    private final boolean valid;

    private ParsedSource(String text, CompilationUnitTree unit, SourcePositions positions, boolean valid) {
        this.text = text;
        this.unit = unit;
        this.positions = positions;
        this.valid = valid;
    }

    static ParsedSource parse(String text) throws IOException {
        return parse(List.of(text)).getFirst();
    }

    /** Parses several sources in one run of the compiler, which takes much less time. */
    static List<ParsedSource> parse(List<String> texts) throws IOException {
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        JavacTask task = (JavacTask) ToolProvider.getSystemJavaCompiler()
                .getTask(
                        null,
                        null,
                        diagnostics,
                        List.of("-proc:none"),
                        null,
                        texts.stream()
                                .map(text -> new SourceText("Parsed", text))
                                .toList());
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        SourcePositions positions = Trees.instance(task).getSourcePositions();
        boolean valid = diagnostics.getDiagnostics().stream().noneMatch(d -> d.getKind() == Diagnostic.Kind.ERROR);
        List<ParsedSource> parsed = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            parsed.add(new ParsedSource(texts.get(i), units.get(i), positions, valid));
        }
        return parsed;
    }

    /** Parses one statement or expression. */
    static SyntaxTree parseCode(String code) throws IOException {
        ParsedSource method = parse("class Code { void code() {%n%s%n} }".formatted(code));
        if (method.valid && method.members().size() == 1 && method.members().getFirst() instanceof MethodTree it) {
            List<? extends StatementTree> statements = it.getBody().getStatements();
            if (statements.size() == 1) {
                return SyntaxTree.of(statements.getFirst());
            }
        }
        ParsedSource field = parse("class Code { Object code =%n%s%n; }".formatted(code));
        if (field.valid
                && field.members().size() == 1
                && field.members().getFirst() instanceof VariableTree it
                && it.getInitializer() != null) {
            return SyntaxTree.of(it.getInitializer());
        }
        throw new IllegalArgumentException("`%s` is not one Java statement or expression".formatted(code));
    }

    private List<? extends Tree> members() {
        return unit.getTypeDecls().getFirst() instanceof ClassTree type ? type.getMembers() : List.of();
    }

    /** The classes that are not nested in others. */
    List<ClassTree> topLevelClasses() {
        return classes(unit.getTypeDecls());
    }

    /** The class that {@code names} lead to, from the outermost inwards. */
    List<ClassTree> find(String... names) {
        List<ClassTree> found = topLevelClasses();
        for (int i = 0; i < names.length; i++) {
            String name = names[i];
            if (i > 0) {
                found = found.stream()
                        .flatMap(type -> classes(type.getMembers()).stream())
                        .toList();
            }
            found = found.stream()
                    .filter(type -> type.getSimpleName().contentEquals(name))
                    .toList();
        }
        return found;
    }

    private static List<ClassTree> classes(List<? extends Tree> trees) {
        return trees.stream()
                .filter(ClassTree.class::isInstance)
                .map(ClassTree.class::cast)
                .toList();
    }

    /** The methods of a class, and of the classes nested in it. */
    static List<MethodTree> methods(ClassTree type) {
        List<MethodTree> methods = new ArrayList<>();
        new TreeScanner<Object, Object>() {
            @Override
            public Object visitMethod(MethodTree method, Object unused) {
                methods.add(method);
                return super.visitMethod(method, unused);
            }
        }.scan(type, "");
        return methods;
    }

    /** A method with the types of its parameters, such as {@code begin(Origin, Duration)}. */
    static String signature(MethodTree method) {
        return method.getName()
                + method.getParameters().stream()
                        .map(parameter -> String.valueOf(parameter.getType()))
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    String text(Tree tree) {
        return text.substring(start(tree), end(tree));
    }

    /** The source with {@code replacement} instead of the tree. */
    String replace(Tree tree, String replacement) {
        return text.substring(0, start(tree)) + replacement + text.substring(end(tree));
    }

    private int start(Tree tree) {
        return (int) positions.getStartPosition(unit, tree);
    }

    private int end(Tree tree) {
        return (int) positions.getEndPosition(unit, tree);
    }
}
