import sys, time, traceback, collections
import numpy as np
import tinygrad_like as tg
from tests.cases import PRIMITIVES, cases, call
from tinygrad_like.compiler.compiling import compile
assert tg.__file__.startswith("/tmp/h10/f")

def is_float(x): return isinstance(x, np.ndarray) and x.dtype.kind == "f"
def w(shape): return np.random.default_rng(1).uniform(.5,1.5,shape)
def project(p, options, xs):
    y = call(p, *xs, **options)
    return y, (y * w(y.shape)).sum() if isinstance(y, tg.Tensor) and y.dtype.kind=="f" and p.derivative != "zero" else None

def by_backward(p, options):
    def step(*arrays):
        xs=[tg.Tensor(x, requires_grad=True) if is_float(x) else tg.Tensor(x) for x in arrays]
        y, loss = project(p, options, xs)
        if loss is None: return (y,)
        loss.backward()
        return (y, *(x.grad for x in xs if x.requires_grad))
    return step
def by_grad(p, options):
    def step(*arrays):
        places=tuple(i for i,x in enumerate(arrays) if is_float(x))
        f=lambda *xs: project(p,options,xs)[1]
        return tg.grad(f, places)(*arrays) if places else ()
    return step
def by_jvp(p, options):
    def step(*arrays):
        floats=[x for x in arrays if is_float(x)]
        def f(*given):
            it=iter(given)
            return call(p,*(next(it) if is_float(x) else x for x in arrays),**options)
        return tg.jvp(f, tuple(floats), tuple(w(x.shape).astype(x.dtype) for x in floats))
    return step
def by_second(p, options):
    def step(*arrays):
        places=tuple(i for i,x in enumerate(arrays) if is_float(x))
        def slope(*xs):
            gs=tg.grad(lambda *zs: project(p,options,zs)[1], places)(*xs)
            gs=gs if isinstance(gs,tuple) else (gs,)
            return sum((g*g).sum() for g in gs)
        return tg.grad(slope, places)(*arrays)
    return step
def flat(r):
    if isinstance(r,(tuple,list)): return [x for e in r for x in flat(e)]
    return [r.numpy() if isinstance(r,tg.Tensor) else np.asarray(r)]
WAYS=[by_backward,by_grad,by_jvp,by_second]
fails=collections.Counter(); inexact=collections.Counter()
t0=time.time()
names=sys.argv[1:]
n=0
for p in PRIMITIVES:
    if names and p.name not in names: continue
    for dtype in (np.float64,np.float32):
     firsts=cases(p); seconds=cases(p,seed=1)
     for k,((a,o),(b,o2)) in enumerate(zip(firsts,seconds)):
      narrow=lambda xs:[x.astype(dtype) if is_float(x) else x for x in xs]
      a,b=narrow(a),narrow(b)
      if any(x.shape!=y.shape for x,y in zip(a,b)): print("shape differs",p.name); continue
      for way in WAYS:
        if p.derivative=="zero" and way is not by_backward: continue
        f=way(p,o); n+=1
        try:
            with np.errstate(all="ignore"):
                ea,eb=flat(f(*a)),flat(f(*b))
            c=compile(f)
            for e,args in ((ea,a),(eb,b)):
                got=flat(c(*args))
                assert len(got)==len(e)
                for g,x in zip(got,e):
                    assert g.shape==x.shape and g.dtype==x.dtype,("shape/dtype",g.shape,x.shape,g.dtype,x.dtype)
                    if not np.array_equal(g,x,equal_nan=True):
                        inexact[p.name,way.__name__]+=1
                    tol=1e-12 if dtype==np.float64 else 1e-5
                    np.testing.assert_allclose(g,x,rtol=tol,atol=tol)
        except Exception as err:
            key=(p.name, way.__name__)
            fails[key]+=1
            if fails[key]==1:
                if names: traceback.print_exc()
                print(f"## {p.name} {way.__name__} case {k} {dtype.__name__}: {type(err).__name__}: {str(err)[:300]}")
print(fails); print("inexact",inexact); print(n,time.time()-t0)
