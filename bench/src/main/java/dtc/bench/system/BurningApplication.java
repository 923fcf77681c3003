package dtc.bench.system;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Makes a build slower by a known amount, to prove that a paired run detects it: a copy of the application in which
 * each method that handles an HTTP POST first burns CPU time. The product has no switch for that.
 */
public final class BurningApplication {

    private static final String NANOS = "bench.burn-nanos";
    private static final String BURN = "bench$burn";
    private static final ClassDesc POST = ClassDesc.of("jakarta.ws.rs.POST");
    private static final ClassDesc SYSTEM = ClassDesc.of("java.lang.System");
    private static final MethodTypeDesc TO_VOID = MethodTypeDesc.of(ConstantDescs.CD_void);
    private static final MethodTypeDesc TO_LONG = MethodTypeDesc.of(ConstantDescs.CD_long);

    private final ClassFile classFile;
    private final AtomicInteger methods = new AtomicInteger();

    private BurningApplication(ClassLoader libraries) {
        classFile = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(libraries).orElse(ClassHierarchyResolver.defaultResolver())));
    }

    /** Copies the application to {@code to}. The copy burns nothing unless it is {@link #configure configured}. */
    public static Application copy(Application application, Path to) {
        try (Stream<Path> files = Files.walk(application.directory())) {
            List<Path> all = files.filter(Files::isRegularFile).toList();
            List<URL> jars = new ArrayList<>();
            for (Path file : all) {
                if (file.toString().endsWith(".jar")) {
                    jars.add(file.toUri().toURL());
                }
            }
            try (URLClassLoader libraries = new URLClassLoader(jars.toArray(URL[]::new), null)) {
                BurningApplication burning = new BurningApplication(libraries);
                for (Path file : all) {
                    Path relative = application.directory().relativize(file);
                    Path target = to.resolve(relative);
                    Files.createDirectories(target.getParent());
                    if (hasOwnCode(relative)) {
                        burning.instrument(file, target);
                    } else {
                        Files.copy(file, target);
                    }
                }
                if (burning.methods.get() == 0) {
                    throw new IllegalStateException("no POST method in " + application.directory());
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return new Application(to, application.options(), application.coordinatorOptions());
    }

    /** The same application, whose coordinator burns CPU time for each POST request that it receives. */
    public static Application configure(Application application, double microsPerRequest) {
        List<String> options = new ArrayList<>(application.coordinatorOptions());
        options.add(String.format(Locale.ROOT, "-D%s=%d", NANOS, Math.round(microsPerRequest * 1e3)));
        return new Application(application.directory(), application.options(), options);
    }

    /** Generated classes repeat annotations of those from which they inherit. */
    private static boolean hasOwnCode(Path relative) {
        return relative.startsWith("app") || relative.endsWith("transformed-bytecode.jar");
    }

    private void instrument(Path jar, Path target) throws IOException {
        try (InputStream in = Files.newInputStream(jar);
                ZipInputStream entries = new ZipInputStream(in);
                OutputStream out = Files.newOutputStream(target);
                ZipOutputStream copy = new ZipOutputStream(out)) {
            for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                byte[] content = entries.readAllBytes();
                copy.putNextEntry(new ZipEntry(entry.getName()));
                copy.write(entry.getName().endsWith(".class") ? instrument(content) : content);
                copy.closeEntry();
            }
        }
    }

    private byte[] instrument(byte[] bytes) {
        ClassModel model = classFile.parse(bytes);
        long posts =
                model.methods().stream().filter(BurningApplication::handlesPost).count();
        if (posts == 0) {
            return bytes;
        }
        methods.addAndGet((int) posts);
        ClassDesc self = model.thisClass().asSymbol();
        CodeTransform callFirst = new CodeTransform() {
            @Override
            public void atStart(CodeBuilder code) {
                code.invokestatic(self, BURN, TO_VOID);
            }

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
                code.with(element);
            }
        };
        return classFile.transformClass(
                model,
                ClassTransform.transformingMethodBodies(BurningApplication::handlesPost, callFirst)
                        .andThen(ClassTransform.endHandler(type -> type.withMethodBody(
                                BURN,
                                TO_VOID,
                                ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_SYNTHETIC,
                                BurningApplication::burn))));
    }

    private static boolean handlesPost(MethodModel method) {
        return method
                .findAttribute(Attributes.runtimeVisibleAnnotations())
                .map(RuntimeVisibleAnnotationsAttribute::annotations)
                .orElse(List.of())
                .stream()
                .anyMatch(annotation -> annotation.classSymbol().equals(POST));
    }

    /** {@code long end = nanoTime() + Long.getLong(NANOS, 0); while (nanoTime() - end < 0);} */
    private static void burn(CodeBuilder code) {
        Label again = code.newLabel();
        code.invokestatic(SYSTEM, "nanoTime", TO_LONG)
                .ldc(NANOS)
                .lconst_0()
                .invokestatic(
                        ConstantDescs.CD_Long,
                        "getLong",
                        MethodTypeDesc.of(ConstantDescs.CD_Long, ConstantDescs.CD_String, ConstantDescs.CD_long))
                .invokevirtual(ConstantDescs.CD_Long, "longValue", TO_LONG)
                .ladd()
                .lstore(0)
                .labelBinding(again)
                .invokestatic(SYSTEM, "nanoTime", TO_LONG)
                .lload(0)
                .lsub()
                .lconst_0()
                .lcmp()
                .iflt(again)
                .return_();
    }
}
