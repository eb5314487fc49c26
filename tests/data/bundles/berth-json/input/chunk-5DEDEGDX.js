var o=e=>`Hello, ${e}`;export{o as a};
