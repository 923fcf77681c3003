package dtc.simulation;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;

/**
 * Defines all classes of the project anew: from a changed source where there is one, and as they are otherwise. So the
 * changed class works together with the others, and the product needs no switch.
 */
final class PatchedClasses extends ClassLoader {

    private static final String PROJECT = "dtc.";

    private final Map<String, byte[]> patched;

    private PatchedClasses(Map<String, byte[]> patched) {
        super(PatchedClasses.class.getClassLoader());
        this.patched = patched;
    }

    /**
     * Compiles the source in memory.
     *
     * @param className the top-level class of the source
     * @throws IllegalStateException where it does not compile
     */
    static ClassLoader of(String className, String source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(null, null, null);
                InMemory files = new InMemory(standard)) {
            boolean compiled = compiler.getTask(
                            null,
                            files,
                            diagnostics,
                            List.of("-proc:none", "-nowarn", "-classpath", classPath()),
                            null,
                            List.of(new SourceText(className, source)))
                    .call();
            if (!compiled) {
                throw new IllegalStateException("the changed source of %s does not compile: %s"
                        .formatted(
                                className,
                                diagnostics.getDiagnostics().stream()
                                        .filter(one -> one.getKind() == Diagnostic.Kind.ERROR)
                                        .map(Diagnostic::toString)
                                        .collect(Collectors.joining("\n"))));
            }
            return new PatchedClasses(files.classes());
        }
    }

    private static String classPath() {
        return Stream.of(org.jboss.logging.Logger.class, dtc.coordinator.TwoPhaseCommit.class, NullMarked.class)
                .map(PatchedClasses::location)
                .collect(Collectors.joining(System.getProperty("path.separator")));
    }

    private static String location(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected Class<?> loadClass(String className, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(className)) {
            Class<?> loaded = findLoadedClass(className);
            if (loaded != null) {
                return loaded;
            }
            return className.startsWith(PROJECT) ? findClass(className) : super.loadClass(className, resolve);
        }
    }

    @Override
    protected Class<?> findClass(String className) throws ClassNotFoundException {
        byte[] changed = patched.get(className);
        byte[] bytes = changed == null ? unchanged(className) : changed;
        return defineClass(className, bytes, 0, bytes.length);
    }

    private byte[] unchanged(String className) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(className.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(className);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new ClassNotFoundException(className, e);
        }
    }

    /** Keeps in memory what the compiler writes. */
    private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        private InMemory(JavaFileManager files) {
            super(files);
        }

        private Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new HashMap<>();
            written.forEach((className, bytes) -> classes.put(className, bytes.toByteArray()));
            return classes;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + className.replace('.', '/')), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    written.put(className, bytes);
                    return bytes;
                }
            };
        }
    }
}
