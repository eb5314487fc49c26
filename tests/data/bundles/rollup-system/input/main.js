System.register([], (function (exports) {
	'use strict';
	return {
		execute: (function () {

			exports({
				bootstrap: bootstrap,
				mount: mount,
				unmount: unmount
			});

			const greeting = (name) => `Hello, ${name}`;

			async function bootstrap() {}
			async function mount(props) { props.domElement.textContent = greeting('single-spa'); }
			async function unmount(props) { props.domElement.textContent = ''; }

		})
	};
}));
