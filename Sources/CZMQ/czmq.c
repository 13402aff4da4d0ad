#include "czmq.h"
